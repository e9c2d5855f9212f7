package graph

import (
	"slices"

	"github.com/drdc-dev/drdc/kernels"
)

// fuse is the graph that Plan and Reference run: additions of a bias, activations and
// residual additions are merged into the convolution or matmul that produces their input,
// norms and doublings into the one that reads their result, where nothing else reads what
// lies between; operations whose results nobody reads are dropped. g stays as it is.
func (g *Graph) fuse() *Graph {
	f := *g
	f.values, f.nodes = slices.Clone(g.values), slices.Clone(g.nodes)
	f.mergeEpilogues()
	f.mergeDoublings()
	f.lowerNorms()
	f.nodes, f.updates = append(f.live(), f.updates...), nil
	return &f
}

// links says how the values of a graph hang together.
type links struct {
	uses     []int // how often operations and outputs read what a value stores, by its root
	producer []int // node + 1, by value
	consumer []int // the last node + 1 that reads the value by itself
}

func (g *Graph) links() links {
	n := len(g.values)
	l := links{make([]int, n), make([]int, n), make([]int, n)}
	for i, n := range slices.Concat(g.nodes, g.updates) {
		for _, v := range n.in {
			l.uses[g.root(v)]++
			if i < len(g.nodes) {
				l.consumer[v] = i + 1
			}
		}
		for _, v := range n.out {
			l.producer[v] = i + 1
		}
	}
	for _, o := range g.outputs {
		l.uses[g.root(o.value)]++
	}
	return l
}

// only is the node that alone reads v, as it is, or -1.
func (l links) only(v int) int {
	if l.uses[v] != 1 {
		return -1
	}
	return l.consumer[v] - 1
}

func (g *Graph) mergeEpilogues() {
	nodes, l := g.nodes, g.links()
	gone := make([]bool, len(nodes))
	for i := range nodes {
		n := &nodes[i]
		for k, v := range n.in {
			p := l.producer[v] - 1
			if p < 0 || gone[p] || l.only(v) != i {
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
	g.drop(gone)
}

// drop removes nodes.
func (g *Graph) drop(gone []bool) {
	var kept []node
	for i, n := range g.nodes {
		if !gone[i] {
			kept = append(kept, n)
		}
	}
	g.nodes = kept
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

// live is the nodes that an output or an update depends on.
func (g *Graph) live() []node {
	need := make([]bool, len(g.values))
	for _, o := range g.outputs {
		need[g.root(o.value)] = true
	}
	for _, n := range g.updates {
		for _, v := range n.in {
			need[g.root(v)] = true
		}
	}
	var kept []node
	for _, n := range slices.Backward(g.nodes) {
		if !slices.ContainsFunc(n.out, func(v int) bool { return need[v] }) {
			continue
		}
		for _, v := range n.in {
			need[g.root(v)] = true
		}
		kept = append(kept, n)
	}
	slices.Reverse(kept)
	return kept
}
