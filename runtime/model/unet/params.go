package unet

import (
	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// weight is the weight of a convolution or linear layer over the sources x.
func (b *builder) weight(l layer, x []graph.Value) graph.Value {
	k, split := l.kernel(), 0
	if len(x) == 2 {
		split = b.Tensor(x[0]).Shape[3]
	}
	oihw := [4]int{l.shape[0], l.shape[1], k, k}
	t := kernels.Tensor{Shape: kernels.ConvShape(oihw, split), Type: b.options.Weights}
	return b.param(l.weight(), t, func(v []float32) []float32 { return kernels.PackConv(v, oihw, split) })
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
