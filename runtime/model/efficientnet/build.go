package efficientnet

import (
	"strings"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Options says where the stored tensors are and how the device holds them.
type Options struct {
	Prefix  string       // in front of every stored name, such as "backbone."
	Weights kernels.Type // of convolutions: F32 or F16
}

// Build applies the trunk to images x [N, H, W, 3], normalised as the weights were
// trained, and returns the outputs of blocks 1, 5, 9 and 21: at 224x224
// [N, 112, 112, 24], [N, 56, 56, 32], [N, 28, 28, 56] and [N, 14, 14, 160]
// (method 2.1). Errors are those of c.Validate's fields and of shapes, kept by g.
func (c Config) Build(g *graph.Graph, o Options, x graph.Value) []graph.Value {
	b := builder{Graph: g, config: c, options: o, nominal: imageSize}
	if o.Prefix != "" {
		defer g.Scope(strings.TrimSuffix(o.Prefix, "."))()
	}
	x = b.conv(x, stem(), kernels.Conv2D{Stride: [2]int{2, 2}, Act: kernels.SiLU})
	var out []graph.Value
	for i, block := range trunk() {
		if x = b.block(x, block); i == taps()[len(out)] {
			out = append(out, x)
		}
	}
	return out
}

// builder adds layers to a graph; nominal is the size that the next input would
// have in an image of 380 pixels.
type builder struct {
	*graph.Graph
	config  Config
	options Options
	nominal int
}

func (b *builder) block(in graph.Value, k block) graph.Value {
	x := in
	if k.mid != k.in {
		x = b.conv(x, k.expand(), kernels.Conv2D{Stride: [2]int{1, 1}, Act: kernels.SiLU})
	}
	x = b.conv(x, k.depthwise(), kernels.Conv2D{Stride: [2]int{k.stride, k.stride}, Groups: k.mid, Act: kernels.SiLU})
	x = b.apply(k.name, kernels.Binary{Op: kernels.Mul}, x, b.gate(x, k))
	project := kernels.Conv2D{Stride: [2]int{1, 1}}
	if k.stride == 1 && k.in == k.out {
		project.Residual = true
		return b.conv(x, k.project(), project, in)
	}
	return b.conv(x, k.project(), project)
}

// gate is the squeeze and excite of x: a factor for every channel of an image.
func (b *builder) gate(x graph.Value, k block) graph.Value {
	s := b.apply(k.name, kernels.Reduce{Op: kernels.Mean, Axes: kernels.Spatial}, x)
	s = b.conv(s, k.reduce(), kernels.Conv2D{Stride: [2]int{1, 1}, Act: kernels.SiLU})
	return b.conv(s, k.excite(), kernels.Conv2D{Stride: [2]int{1, 1}, Act: kernels.Sigmoid})
}

// conv applies op with the weight and the bias of l, padded as the configuration
// says.
func (b *builder) conv(x graph.Value, l layer, op kernels.Conv2D, residual ...graph.Value) graph.Value {
	if l.kernel > 1 {
		s := b.Tensor(x).Shape
		op.Pad = b.config.Padding.around(s[1], s[2], b.nominal, l.kernel, op.Stride[0])
		b.nominal = ceilDiv(b.nominal, op.Stride[0])
	}
	op.Bias = true
	return b.apply(l.conv, op, append([]graph.Value{x, b.weight(l), b.bias(l)}, residual...)...)
}

// apply adds an operation under a path.
func (b *builder) apply(path string, op kernels.Op, in ...graph.Value) graph.Value {
	defer b.Scope(path)()
	return b.Apply(op, in...)
}
