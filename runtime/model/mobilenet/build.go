package mobilenet

import (
	"slices"
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
// trained, and returns the outputs of the blocks c.Taps; with the default taps at
// 224x224 [N, 28, 28, 32], [N, 14, 14, 64] and [N, 14, 14, 96]. c must be valid;
// errors of shapes are kept by g.
func (c Config) Build(g *graph.Graph, o Options, x graph.Value) []graph.Value {
	b := builder{g, c, o}
	defer b.scope()()
	outputs := b.trunk(x, c.blocks()[:slices.Max(c.Taps)+1])
	taps := make([]graph.Value, len(c.Taps))
	for i, t := range c.Taps {
		taps[i] = outputs[t]
	}
	return taps
}

// Classify applies the whole network to images x [N, H, W, 3] and returns the
// logits [N, 1, 1, Classes]. c must be valid and have Classes.
func (c Config) Classify(g *graph.Graph, o Options, x graph.Value) graph.Value {
	b := builder{g, c, o}
	defer b.scope()()
	outputs := b.trunk(x, c.blocks())
	x = b.conv(outputs[len(outputs)-1], c.head(), kernels.Conv2D{Act: kernels.ReLU6})
	leave := g.Scope("pool")
	x = g.Apply(kernels.Reduce{Op: kernels.Mean, Axes: kernels.Spatial}, x)
	leave()
	return b.conv(x, c.classifier(), kernels.Conv2D{})
}

// builder adds layers to a graph.
type builder struct {
	*graph.Graph
	config  Config
	options Options
}

func (b builder) scope() (leave func()) {
	if b.options.Prefix == "" {
		return func() {}
	}
	return b.Scope(strings.TrimSuffix(b.options.Prefix, "."))
}

// trunk returns the output of every block.
func (b builder) trunk(x graph.Value, blocks []block) []graph.Value {
	x = b.conv(x, b.config.stem(), kernels.Conv2D{Stride: [2]int{2, 2}, Act: kernels.ReLU6})
	outputs := make([]graph.Value, len(blocks))
	for i, k := range blocks {
		x = b.block(x, k)
		outputs[i] = x
	}
	return outputs
}

func (b builder) block(in graph.Value, k block) graph.Value {
	x := in
	if k.mid != k.in {
		x = b.conv(x, k.expand(), kernels.Conv2D{Act: kernels.ReLU6})
	}
	x = b.conv(x, k.depthwise(), kernels.Conv2D{Stride: [2]int{k.stride, k.stride}, Groups: k.mid, Act: kernels.ReLU6})
	if k.stride == 1 && k.in == k.out {
		return b.conv(x, k.project(), kernels.Conv2D{Residual: true}, in)
	}
	return b.conv(x, k.project(), kernels.Conv2D{})
}

// conv applies op, of stride 1 when it has none, with the weight and the bias of l,
// padded as the configuration says.
func (b builder) conv(x graph.Value, l layer, op kernels.Conv2D, residual ...graph.Value) graph.Value {
	defer b.Scope(l.name)()
	if op.Stride == [2]int{} {
		op.Stride = [2]int{1, 1}
	}
	op.Bias = true
	op.Pad = b.config.Padding.around(b.Tensor(x).Shape, l.kernel, op.Stride[0])
	return b.Apply(op, append([]graph.Value{x, b.weight(l), b.bias(l)}, residual...)...)
}
