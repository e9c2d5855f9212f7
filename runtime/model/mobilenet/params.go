package mobilenet

import (
	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// weight declares the weight of l.
func (b builder) weight(l layer) graph.Value {
	oihw := [4]int{l.out, l.in, l.kernel, l.kernel}
	if l.depthwise {
		return b.param(l.weight(), kernels.DepthwiseShape(oihw), b.options.Weights,
			func(v []float32) []float32 { return kernels.PackDepthwise(v, oihw) })
	}
	return b.param(l.weight(), kernels.ConvShape(oihw, 0), b.options.Weights,
		func(v []float32) []float32 { return kernels.PackConv(v, oihw, 0) })
}

// bias declares the bias of l.
func (b builder) bias(l layer) graph.Value {
	return b.param(l.bias(), kernels.Shape{1, 1, 1, l.out}, kernels.F32, kernels.PackVector)
}

// param declares a parameter made of one stored tensor.
func (b builder) param(src graph.Source, s kernels.Shape, t kernels.Type, pack func([]float32) []float32) graph.Value {
	src.Name = b.options.Prefix + src.Name
	return b.Param(graph.Param{
		Name: src.Name, Tensor: kernels.Tensor{Shape: s, Type: t}, From: []graph.Source{src},
		Pack: func(from [][]float32) []float32 { return pack(from[0]) },
	})
}
