package graph

import (
	"fmt"
	"slices"

	"github.com/drdc-dev/drdc/kernels"
)

// Grad adds the operations that compute the gradients of loss, [1, 1, 1, 1], by
// each of wrt: values of the same shapes, or the zero Value where loss does not
// depend on one. Operations applied so far are walked backwards, each with the
// gradient of its kernel; fused ones are taken apart first, and put together again
// by Plan where nothing needs the values between. Paths end in "grad". The first
// error, which wraps kernels.ErrGradient where an operation has none, is kept.
func (g *Graph) Grad(loss Value, wrt ...Value) []Value {
	grads := make([]Value, len(wrt))
	if g.err != nil {
		return grads
	}
	if t := g.Tensor(loss); t != kernels.Float(1, 1, 1, 1) {
		g.fail("grad", fmt.Errorf("%w: loss is %v, want one value", kernels.ErrShape, t))
		return grads
	}
	b := backward{Graph: g, need: make([]bool, len(g.values)), grads: map[int]Value{}}
	for _, v := range wrt {
		b.need[g.root(v.id)] = true
	}
	b.split()
	b.grads[g.root(loss.id)] = g.View(g.one(), g.values[g.root(loss.id)].Shape)
	nodes := slices.Clone(g.nodes)
	b.recompute = g.cut(nodes)
	for i := len(nodes) - 1; i >= 0 && g.err == nil; i-- {
		b.enter(nodes, i)
		b.node(nodes[i])
	}
	for i, v := range wrt {
		if d, ok := b.grads[g.root(v.id)]; ok && g.err == nil {
			grads[i] = g.View(d, g.values[v.id].Shape)
		}
	}
	return grads
}

// one is the gradient of the loss by itself.
func (g *Graph) one() Value {
	return g.Param(Param{
		Name: "grad.one", Tensor: kernels.Float(1, 1, 1, 1),
		Pack: func([][]float32) []float32 { return []float32{1, 0, 0, 0} },
	})
}

// backward is the walk of Grad; values stand for their storage, so that views
// share a gradient.
type backward struct {
	*Graph
	recompute
	need  []bool        // a gradient of the value is wanted or passes through it
	grads map[int]Value // so far, by value
}

// split marks the values that the gradient goes through and takes the fused
// operations on its way apart.
func (b *backward) split() {
	old := b.nodes
	b.nodes = make([]node, 0, len(old))
	for _, n := range old {
		if !slices.ContainsFunc(n.in, func(v int) bool { return b.need[b.root(v)] }) {
			b.nodes = append(b.nodes, n)
			continue
		}
		for _, v := range n.out {
			b.need[v] = true
		}
		f, ok := n.op.(kernels.Fused)
		if !ok {
			b.nodes = append(b.nodes, n)
			continue
		}
		bare, act, residual := f.Split()
		parts := []node{{op: bare, path: n.path, in: n.in, out: n.out}}
		if act != kernels.Identity {
			parts = append(parts, node{op: kernels.Unary{Act: act}, path: n.path, out: n.out})
		}
		if residual {
			last := len(n.in) - 1
			parts[0].in = n.in[:last:last]
			parts = append(parts, node{op: kernels.Binary{Op: kernels.Add}, path: n.path, in: []int{n.in[last]}, out: n.out})
		}
		for i := range parts[1:] {
			v := b.add(value{Tensor: b.values[n.out[0]].Tensor}).id
			b.need = append(b.need, true)
			parts[i].out = []int{v}
			parts[i+1].in = append([]int{v}, parts[i+1].in...)
		}
		b.nodes = append(b.nodes, parts...)
	}
}

// node adds what flows back from the outputs of n to its inputs.
func (b *backward) node(n node) {
	a := kernels.Applied{Need: make([]bool, len(n.in))}
	reached, needed := false, false
	for _, v := range n.out {
		d := b.grads[v]
		a.Out, a.DOut = append(a.Out, kernels.Ref(b.twin(v))), append(a.DOut, kernels.Ref(d.id))
		reached = reached || d.id != 0
	}
	for i, v := range n.in {
		a.In = append(a.In, kernels.Ref(b.twin(v)))
		a.Need[i] = b.need[b.root(v)]
		needed = needed || a.Need[i]
	}
	if !reached || !needed {
		return
	}
	scope := b.scope
	defer func() { b.scope = scope }()
	b.scope = []string{n.path, "grad"}
	op, ok := n.op.(kernels.Differentiable)
	if !ok {
		b.fail(n.op.Name(), kernels.ErrGradient)
		return
	}
	grads, err := op.Gradient(tape{b.Graph}, a)
	if err != nil {
		b.fail(n.op.Name(), err)
	}
	for i, d := range grads {
		if b.err != nil {
			return
		}
		if d == 0 || !a.Need[i] {
			continue
		}
		v := b.root(n.in[i])
		next := b.View(Value{int(d)}, b.values[v].Shape)
		if before, twice := b.grads[v]; twice {
			next = b.Apply(kernels.Binary{Op: kernels.Add}, before, next)
		}
		b.grads[v] = next
	}
}

// tape lets kernels add to the graph.
type tape struct{ g *Graph }

func (t tape) Tensor(v kernels.Ref) kernels.Tensor { return t.g.values[v].Tensor }

func (t tape) View(v kernels.Ref, s kernels.Shape) kernels.Ref {
	return kernels.Ref(t.g.View(Value{int(v)}, s).id)
}

func (t tape) Apply(op kernels.Op, n int, in ...kernels.Ref) []kernels.Ref {
	values := make([]Value, len(in))
	for i, v := range in {
		values[i] = Value{int(v)}
	}
	refs := make([]kernels.Ref, n)
	for i, v := range t.g.ApplyN(op, n, values...) {
		refs[i] = kernels.Ref(v.id)
	}
	return refs
}
