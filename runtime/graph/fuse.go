package graph

import (
	"slices"

	"github.com/drdc-dev/drdc/kernels"
)

// Fuse merges additions of a bias, activations and residual additions into the
// convolution or matmul that produces their input, when nothing else reads it,
// and drops operations whose results nobody reads. Plan and Reference call it.
func (g *Graph) fuse() []node {
	nodes := slices.Clone(g.nodes)
	uses := make([]int, len(g.values))
	producer := make([]int, len(g.values)) // node index + 1
	for i, n := range nodes {
		for _, v := range n.in {
			uses[g.root(v)]++
		}
		for _, v := range n.out {
			producer[v] = i + 1
		}
	}
	for _, n := range g.updates {
		for _, v := range n.in {
			uses[g.root(v)]++
		}
	}
	for _, o := range g.outputs {
		uses[g.root(o.value)]++
	}
	gone := make([]bool, len(nodes))
	for i := range nodes {
		n := &nodes[i]
		for k, v := range n.in {
			p := producer[v] - 1
			if p < 0 || gone[p] || uses[v] != 1 || g.values[v].alias != 0 {
				continue
			}
			merged, extra, ok := merge(nodes[p].op, n.op, k, g.tensors(n.in))
			if !ok {
				continue
			}
			// The merged node stands where the consumer stood, so that the residual
			// exists by then.
			in := slices.Clone(nodes[p].in)
			if extra >= 0 {
				in = append(in, n.in[extra])
			}
			*n = node{op: merged, path: nodes[p].path, in: in, out: n.out}
			gone[p] = true
			break
		}
	}
	return g.live(nodes, gone)
}

// merge lets first swallow next, whose input k is first's output. extra is the
// index of next's input that becomes a further input of first, or -1.
func merge(first, next kernels.Op, k int, in []kernels.Tensor) (op kernels.Op, extra int, ok bool) {
	e, can := first.(kernels.Epilogue)
	if !can {
		return nil, -1, false
	}
	switch next := next.(type) {
	case kernels.Unary:
		op, ok = e.WithActivation(next.Act)
		return op, -1, ok
	case kernels.Binary:
		if next.Op != kernels.Add || next.Act != kernels.Identity {
			return nil, -1, false
		}
		x, other := in[k].Shape, in[1-k].Shape
		switch {
		case other == x:
			op, ok = e.WithResidual()
		case other == kernels.Shape{1, 1, 1, x[3]}:
			op, ok = e.WithBias()
		}
		return op, 1 - k, ok
	}
	return nil, -1, false
}

func (g *Graph) tensors(ids []int) []kernels.Tensor {
	ts := make([]kernels.Tensor, len(ids))
	for i, id := range ids {
		ts[i] = g.values[id].Tensor
	}
	return ts
}

// live keeps the nodes that an output or an update depends on, the updates last.
func (g *Graph) live(nodes []node, gone []bool) []node {
	need := make([]bool, len(g.values))
	for _, o := range g.outputs {
		need[g.root(o.value)] = true
	}
	for _, n := range g.updates {
		for _, v := range n.in {
			need[g.root(v)] = true
		}
	}
	kept := make([]node, 0, len(nodes))
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		if gone[i] || !slices.ContainsFunc(n.out, func(v int) bool { return need[v] }) {
			continue
		}
		for _, v := range n.in {
			need[g.root(v)] = true
		}
		kept = append(kept, n)
	}
	slices.Reverse(kept)
	return append(kept, g.updates...)
}
