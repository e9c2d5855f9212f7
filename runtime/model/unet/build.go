package unet

import (
	"strings"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Options says where the stored tensors are and how the device holds them.
type Options struct {
	Prefix  string       // in front of every stored name, such as "refiner."
	Weights kernels.Type // of convolutions and linear layers: F32 or F16
	// Trainable keeps the weights of convolutions as they are stored, so that the graph
	// has gradients; else those that are faster in another form are transformed at load.
	Trainable bool
}

// Build predicts the noise in x: [N, H, W, OutChannels], H and W as x. t [N, 1, 1, 1]
// are the timesteps, 0 to 999, or [1, 1, 1, 1] one for all images. x is one or two
// images [N, H, W, C], the noisy one before the condition, with InChannels channels
// together; H and W are multiples of the deepest down-sampling factor. c must be
// valid; g keeps errors of shapes, and other channels than InChannels are an error of
// loading the first weight.
func (c Config) Build(g *graph.Graph, o Options, t graph.Value, x ...graph.Value) graph.Value {
	b := builder{Graph: g, config: c, options: o}
	if o.Prefix != "" {
		defer g.Scope(strings.TrimSuffix(o.Prefix, "."))()
	}
	b.emb = b.embed(t)
	net := c.topology()
	kept := make([]graph.Value, 0, len(net.inputs))
	for _, block := range net.inputs {
		x = b.block(block, x)
		kept = append(kept, x[0])
	}
	x = b.block(net.middle, x)
	for i, block := range net.outputs {
		x = b.block(block, append(x, kept[len(kept)-1-i]))
	}
	h := b.norm(c.outNorm(), kernels.GroupNorm{Act: kernels.SiLU}, x)
	return b.conv(c.outConv(), conv(1), h)
}

// builder adds modules to a graph, each under its own path. A module reads one
// value, or two that stand for their concatenation, and gives one.
type builder struct {
	*graph.Graph
	config  Config
	options Options
	emb     graph.Value // SiLU of the embedded timestep, as every ResBlock reads it
}

// embed is the timestep embedding (method 3.1) with the SiLU that follows it.
func (b *builder) embed(t graph.Value) graph.Value {
	leave := b.Scope("time_embed")
	e := b.Apply(kernels.Timestep{Dim: b.config.ModelChannels}, t)
	leave()
	op := conv(1)
	op.Act = kernels.SiLU
	return b.conv(b.config.timeEmbed2(), op, b.conv(b.config.timeEmbed1(), op, e))
}

func (b *builder) block(modules block, x []graph.Value) []graph.Value {
	for _, m := range modules {
		x = []graph.Value{b.module(m, x)}
	}
	return x
}

func (b *builder) module(m module, x []graph.Value) graph.Value {
	switch {
	case m.kind == stem:
		return b.conv(m.convolve(), conv(1), x...)
	case m.kind == attention:
		return b.attention(m, x[0])
	case m.kind == downsample && !b.config.ResblockUpdown:
		return b.conv(m.resample(), conv(2), x...)
	case m.kind == upsample && !b.config.ResblockUpdown:
		return b.conv(m.resample(), conv(1), b.resample(m, x[0]))
	}
	return b.residual(m, x)
}

// residual is a ResBlock; as down- or upsample it resamples both of its paths.
func (b *builder) residual(m module, x []graph.Value) graph.Value {
	h := b.norm(m.inNorm(), kernels.GroupNorm{Act: kernels.SiLU}, x)
	if m.kind != residual {
		h, x = b.resample(m, h), []graph.Value{b.resample(m, x[0])}
	}
	h = b.conv(m.inConv(), conv(1), h)
	e := b.conv(m.embed(b.config), conv(1), b.emb)
	if b.config.UseScaleShiftNorm {
		h = b.norm(m.outNorm(), kernels.GroupNorm{Act: kernels.SiLU, Film: true}, []graph.Value{h}, e)
	} else {
		h = b.add(m, h, e)
		h = b.norm(m.outNorm(), kernels.GroupNorm{Act: kernels.SiLU}, []graph.Value{h})
	}
	skip := x[0]
	if m.in != m.out {
		skip = b.conv(m.skip(), conv(1), x...)
	}
	return b.convAdd(m.outConv(), h, skip)
}

func (b *builder) add(m module, h, e graph.Value) graph.Value {
	defer b.Scope(m.path)()
	return b.Apply(kernels.Binary{Op: kernels.Add}, h, e)
}

// resample halves x by averaging 2x2 pixels, or doubles it by repeating them; a
// convolution that follows does the rest.
func (b *builder) resample(m module, x graph.Value) graph.Value {
	defer b.Scope(m.path)()
	if m.kind == downsample {
		two := [2]int{2, 2}
		return b.Apply(kernels.Pool{Kind: kernels.PoolAvg, Window: two, Stride: two}, x)
	}
	s := b.Tensor(x).Shape
	return b.Apply(kernels.Resize{Mode: kernels.Nearest, H: 2 * s[1], W: 2 * s[2]}, x)
}

// attention is an AttentionBlock: every pixel attends to all.
func (b *builder) attention(m module, x graph.Value) graph.Value {
	h := b.norm(m.norm(), kernels.GroupNorm{}, []graph.Value{x})
	qkv := b.conv(m.qkv(), conv(1), h)
	op := kernels.Attention{Heads: b.config.heads(m.in), Order: kernels.Legacy}
	if b.config.UseNewAttentionOrder {
		op.Order = kernels.New
	}
	leave := b.Scope(m.path)
	h = b.Apply(op, qkv)
	leave()
	return b.convAdd(m.projOut(), h, x)
}

// conv is a convolution with a bias.
func conv(stride int) kernels.Conv2D {
	return kernels.Conv2D{Stride: [2]int{stride, stride}, Bias: true}
}

// conv applies op to one or two sources with the weight of l.
func (b *builder) conv(l layer, op kernels.Conv2D, x ...graph.Value) graph.Value {
	return b.convolve(l, op, x, nil)
}

// convAdd is the convolution of x plus y.
func (b *builder) convAdd(l layer, x, y graph.Value) graph.Value {
	op := conv(1)
	op.Residual = true
	return b.convolve(l, op, []graph.Value{x}, []graph.Value{y})
}

func (b *builder) convolve(l layer, op kernels.Conv2D, x, residual []graph.Value) graph.Value {
	defer b.Scope(l.path)()
	p := l.kernel() / 2
	op.Pad, op.Two = [4]int{p, p, p, p}, len(x) == 2
	form, weight := b.weight(l, op, x)
	return b.Apply(form, append(append(x[:len(x):len(x)], weight, b.vector(l.bias())), residual...)...)
}

// norm normalises one or two sources in 32 groups; film holds scales and shifts,
// or nothing.
func (b *builder) norm(l layer, op kernels.GroupNorm, x []graph.Value, film ...graph.Value) graph.Value {
	defer b.Scope(l.path)()
	op.Groups, op.Eps, op.Two = groups, 1e-5, len(x) == 2
	return b.Apply(op, append(append(x[:len(x):len(x)], b.vector(l.weight()), b.vector(l.bias())), film...)...)
}
