package efficientnet

import (
	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// weight declares the weight of l with its batch normalisation folded in.
func (b *builder) weight(l layer) graph.Value {
	oihw := [4]int{l.out, l.in, l.kernel, l.kernel}
	if l.depthwise {
		return b.param(l, ".weight", kernels.DepthwiseShape(oihw), b.options.Weights,
			func(weight, _ []float32) []float32 { return kernels.PackDepthwise(weight, oihw) })
	}
	return b.param(l, ".weight", kernels.ConvShape(oihw, 0), b.options.Weights,
		func(weight, _ []float32) []float32 { return kernels.PackConv(weight, oihw, 0) })
}

// bias declares the bias of l: its own, or what is left of the batch normalisation.
func (b *builder) bias(l layer) graph.Value {
	return b.param(l, ".bias", kernels.Shape{1, 1, 1, l.out}, kernels.F32,
		func(_, bias []float32) []float32 { return kernels.PackVector(bias) })
}

// param declares a parameter made of the weight and the bias of l.
func (b *builder) param(l layer, suffix string, s kernels.Shape, t kernels.Type, pack func(weight, bias []float32) []float32) graph.Value {
	from := l.tensors()
	for i := range from {
		from[i].Name = b.options.Prefix + from[i].Name
	}
	return b.Param(graph.Param{
		Name: b.options.Prefix + l.conv + suffix, Tensor: kernels.Tensor{Shape: s, Type: t}, From: from,
		Pack: func(from [][]float32) []float32 { return pack(b.fold(l, from)) },
	})
}

// fold returns weight and bias of l, made of its stored tensors.
func (b *builder) fold(l layer, from [][]float32) (weight, bias []float32) {
	if l.norm == "" {
		return from[0], from[1]
	}
	return kernels.FoldBatchNorm(from[0], nil, from[1], from[2], from[3], from[4], b.config.BNEps)
}
