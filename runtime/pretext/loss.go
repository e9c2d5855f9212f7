package pretext

import (
	"strings"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/train"
)

// Loss adds the heads to the taps of a backbone [N, h, w, Channels[i]], whose grids
// divide the image, and returns the loss [1, 1, 1, 1]: the mean over the taps of the
// squared error of the pasted shares, plus that of product and turn. c must be valid;
// errors of shapes are kept by g.
func (c Config) Loss(g *graph.Graph, taps ...graph.Value) graph.Value {
	n := g.Tensor(taps[0]).Shape[0]
	pasted := g.Input(pastedInput, kernels.Float(n, c.Size, c.Size, kinds))
	label := g.Input(labelInput, kernels.Float(n, 1, 1, c.labels()))
	defer g.Scope(strings.TrimSuffix(Prefix, "."))()
	var loss graph.Value
	var means []graph.Value
	all := 0
	for i, x := range taps {
		s := g.Tensor(x).Shape
		window := [2]int{c.Size / max(1, s[1]), c.Size / max(1, s[2])}
		want := g.Apply(kernels.Pool{Kind: kernels.PoolAvg, Window: window, Stride: window}, pasted)
		off := train.MSE(g, c.linear(g, head(i), x, kinds), want)
		if i == 0 {
			loss = off
		} else {
			loss = g.Apply(kernels.Binary{Op: kernels.Add}, loss, off)
		}
		means = append(means, g.Apply(kernels.Reduce{Op: kernels.Mean, Axes: kernels.Spatial}, x))
		all += s[3]
	}
	loss = g.Apply(kernels.Repeat{Shape: kernels.Shape{1, 1, 1, 1}, Scale: 1 / float32(len(taps))}, loss)
	whole := means[0]
	if len(means) > 1 {
		whole = g.Apply(kernels.Concat{}, means...)
	}
	return g.Apply(kernels.Binary{Op: kernels.Add}, loss, train.MSE(g, c.linear(g, wholeHead, whole, c.labels()), label))
}

// linear is the head of that name over the channels of x.
func (c Config) linear(g *graph.Graph, name string, x graph.Value, out int) graph.Value {
	defer g.Scope(name)()
	in := g.Tensor(x).Shape[3]
	weight := g.Param(graph.Param{
		Name: Prefix + name + ".weight", Tensor: kernels.Tensor{Shape: kernels.LinearShape(out, in)},
		From: []graph.Source{{Name: Prefix + name + ".weight", Shape: []int{out, in}}},
		Pack: func(from [][]float32) []float32 { return kernels.PackLinear(from[0], out, in) },
	})
	bias := g.Param(graph.Param{
		Name: Prefix + name + ".bias", Tensor: kernels.Float(1, 1, 1, out),
		From: []graph.Source{{Name: Prefix + name + ".bias", Shape: []int{out}}},
		Pack: func(from [][]float32) []float32 { return kernels.PackVector(from[0]) },
	})
	return g.Apply(kernels.MatMul{Bias: true}, x, weight, bias)
}
