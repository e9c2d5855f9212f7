package graph

import (
	"slices"

	"github.com/drdc-dev/drdc/kernels"
)

// mergeDoublings lets convolutions read every pixel as two by two, in place of what an
// interpolation to nearest would store.
func (g *Graph) mergeDoublings() {
	l, gone := g.links(), make([]bool, len(g.nodes))
	for i, n := range g.nodes {
		resize, ok := n.op.(kernels.Resize)
		if !ok || resize.Mode != kernels.Nearest {
			continue
		}
		x := g.values[n.in[0]].Shape
		c := l.only(n.out[0])
		if c < 0 || resize.H != 2*x[1] || resize.W != 2*x[2] {
			continue
		}
		next := &g.nodes[c]
		loader, ok := next.op.(kernels.Loader)
		if !ok || next.in[0] != n.out[0] {
			continue
		}
		if op, ok := loader.WithUp(); ok {
			next.op, next.in, gone[i] = op, slices.Concat(n.in, next.in[1:]), true
		}
	}
	g.drop(gone)
}

// lowerNorms takes group norms apart. The moments of a value are computed once, by what
// produces it where that can, for all norms and their gradients. The norm itself is done by
// the convolution or the mean of two by two pixels that reads its result, or else by an
// operation of its own.
func (g *Graph) lowerNorms() {
	n := norms{Graph: g, links: g.links(), at: make([]int, len(g.nodes)), gone: make([]bool, len(g.nodes)), moments: map[int]int{}}
	for i := range g.nodes {
		if n.gone[i] {
			continue
		}
		x := g.nodes[i] // as the nodes before it have left it
		switch op := x.op.(type) {
		case kernels.GroupNorm:
			n.norm(i, x, op)
		case kernels.GroupNormGrad:
			x.in = slices.Concat(x.in, n.momentsOf(op.Norm, x))
			op.Given = true
			x.op = op
			n.keep(i, x)
		default:
			n.keep(i, x)
		}
	}
	g.nodes = n.lowered
}

// norms is the walk of lowerNorms.
type norms struct {
	*Graph
	links
	lowered []node
	at      []int       // of a node, in lowered
	gone    []bool      // done by a node before
	moments map[int]int // of values
}

// keep puts n in the place of node i.
func (l *norms) keep(i int, n node) {
	l.at[i] = len(l.lowered)
	l.lowered = append(l.lowered, n)
}

// momentsOf are those of the sources of n, an operation with the inputs of norm.
func (l *norms) momentsOf(norm kernels.GroupNorm, n node) []int {
	var list []int
	for _, x := range n.in[:norm.Sources()] {
		m, ok := l.moments[x]
		if !ok {
			m = l.compute(kernels.Moments{}, x)
			l.moments[x] = m
			if p := l.producer[x] - 1; p < 0 || !l.lowered[l.at[p]].makes(m) {
				l.lowered = append(l.lowered, node{op: kernels.Moments{}, path: n.path, in: []int{x}, out: []int{m}})
			}
		}
		list = append(list, m)
	}
	return list
}

// norm takes node i apart.
func (l *norms) norm(i int, n node, norm kernels.GroupNorm) {
	sources := n.in[:norm.Sources()]
	x := l.values[sources[0]].Shape
	op := kernels.GroupNormCoef{Norm: norm, Pixels: x[1] * x[2]}
	from := append(l.momentsOf(norm, n), n.in[len(sources):]...)
	coef := l.compute(op, from...)
	l.lowered = append(l.lowered, node{op: op, path: n.path, in: from, out: []int{coef}})

	last, in := kernels.Normalize{Act: norm.Act, Two: norm.Two}, append(slices.Clone(sources), coef)
	if c := l.only(n.out[0]); c >= 0 {
		next := &l.nodes[c]
		if loader, ok := next.op.(kernels.Loader); ok && next.in[0] == n.out[0] {
			if op, ok := loader.WithNorm(last, l.tensors(next.in)); ok {
				next.op, next.in = op, append(in, next.in[1:]...)
				return
			}
		}
		if pool, ok := next.op.(kernels.Pool); ok && pool == kernels.Halve && (x[1]|x[2])%2 == 0 {
			last.Halve, n.out, l.gone[c] = true, next.out, true
			l.at[c] = len(l.lowered)
		}
	}
	l.keep(i, node{op: last, path: n.path, in: in, out: n.out})
}

// compute adds the value that op makes of others. They fit it: it is part of an operation
// that was accepted.
func (g *Graph) compute(op kernels.Op, in ...int) int {
	outs, err := op.Infer(g.tensors(in))
	if err != nil {
		panic("graph: " + op.Name() + ": " + err.Error())
	}
	return g.add(value{Tensor: outs[0]}).id
}

// makes lets n make the moments of its output as well, where it can.
func (n *node) makes(moments int) bool {
	op, ok := n.op.(kernels.WithMoments)
	if !ok {
		return false
	}
	with, ok := op.WithMoments()
	if ok {
		n.op, n.out = with, append(slices.Clone(n.out), moments)
	}
	return ok
}
