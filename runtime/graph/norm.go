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
// produces it where that can, and the norm itself by the convolution or the mean of two by
// two pixels that reads its result, or else by an operation of its own.
func (g *Graph) lowerNorms() {
	l, gone := g.links(), make([]bool, len(g.nodes))
	moments := map[int]int{}
	var lowered []node
	at := make([]int, len(g.nodes)) // in lowered
	for i := range g.nodes {
		n := g.nodes[i]
		norm, ok := n.op.(kernels.GroupNorm)
		switch {
		case gone[i]:
			continue
		case !ok:
			at[i] = len(lowered)
			lowered = append(lowered, n)
			continue
		}
		last := kernels.Normalize{Act: norm.Act, Two: norm.Two}
		sources := n.in[:1]
		if norm.Two {
			sources = n.in[:2]
		}
		var coefs []int // the inputs of the coefficients
		for _, x := range sources {
			if _, ok := moments[x]; !ok {
				moments[x] = g.compute(kernels.Moments{}, x)
				if p := l.producer[x] - 1; p < 0 || !g.make(&lowered[at[p]], moments[x]) {
					lowered = append(lowered, node{op: kernels.Moments{}, path: n.path, in: []int{x}, out: []int{moments[x]}})
				}
			}
			coefs = append(coefs, moments[x])
		}
		x := g.values[sources[0]].Shape
		op := kernels.GroupNormCoef{Norm: norm, Pixels: x[1] * x[2]}
		coefs = append(coefs, n.in[len(sources):]...)
		coef := g.compute(op, coefs...)
		lowered = append(lowered, node{op: op, path: n.path, in: coefs, out: []int{coef}})

		in := append(slices.Clone(sources), coef)
		if c := l.only(n.out[0]); c >= 0 {
			next := &g.nodes[c]
			if loader, ok := next.op.(kernels.Loader); ok && next.in[0] == n.out[0] {
				if op, ok := loader.WithNorm(last, g.tensors(next.in)); ok {
					next.op, next.in = op, append(in, next.in[1:]...)
					continue
				}
			}
			if pool, ok := next.op.(kernels.Pool); ok && pool == kernels.Halve && (x[1]|x[2])%2 == 0 {
				last.Halve, n.out, gone[c] = true, next.out, true
				at[c] = len(lowered)
			}
		}
		at[i] = len(lowered)
		lowered = append(lowered, node{op: last, path: n.path, in: in, out: n.out})
	}
	g.nodes = lowered
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

// make lets n make the moments of its output as well, where it can.
func (g *Graph) make(n *node, moments int) bool {
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
