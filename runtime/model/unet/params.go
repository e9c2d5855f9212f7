package unet

import (
	"slices"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// weight is the weight of a convolution or linear layer over the sources x. It must
// be stored with the input channels that x has.
func (b *builder) weight(l layer, x []graph.Value) graph.Value {
	src := l.weight()
	src.Shape = slices.Clone(src.Shape)
	src.Shape[1] = b.channels(x...)
	split := 0
	if len(x) == 2 {
		split = b.channels(x[0])
	}
	oihw := [4]int{src.Shape[0], src.Shape[1], l.kernel(), l.kernel()}
	t := kernels.Tensor{Shape: kernels.ConvShape(oihw, split), Type: b.options.Weights}
	return b.param(src, t, func(v []float32) []float32 { return kernels.PackConv(v, oihw, split) })
}

func (b *builder) channels(x ...graph.Value) int {
	n := 0
	for _, v := range x {
		n += b.Tensor(v).Shape[3]
	}
	return n
}

// vector is a stored vector [C] as [1, 1, 1, C].
func (b *builder) vector(src graph.Source) graph.Value {
	return b.param(src, kernels.Float(1, 1, 1, src.Shape[0]), kernels.PackVector)
}

func (b *builder) param(src graph.Source, t kernels.Tensor, pack func([]float32) []float32) graph.Value {
	src.Name = b.options.Prefix + src.Name
	return b.Param(graph.Param{
		Name: src.Name, Tensor: t, From: []graph.Source{src},
		Pack: func(from [][]float32) []float32 { return pack(from[0]) },
	})
}
