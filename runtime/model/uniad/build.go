package uniad

import (
	"strings"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Options says where the stored tensors are and how the device holds them.
type Options struct {
	Prefix  string       // in front of every stored name, such as "base."
	Weights kernels.Type // of linear layers: F32 or F16
	// Dropout is that of training; the zero value drops nothing.
	Dropout Dropout
}

// Dropout of attention weights and of what attentions and feed-forward layers give
// (method 2.3).
type Dropout struct {
	P   float64     // 0 to below 1
	Key graph.Value // [1, 1, 1, 4] of U32, read when P is above 0
}

// Build rebuilds features [N, rows, columns, InChannels] and returns the same shape
// (method 2.3). Tokens are the places of the grid, row by row. c must be valid;
// errors of shapes are kept by g.
func (c Config) Build(g *graph.Graph, o Options, features graph.Value) graph.Value {
	b := builder{Graph: g, config: c, options: o}
	if o.Prefix != "" {
		defer g.Scope(strings.TrimSuffix(o.Prefix, "."))()
	}
	b.images = g.Tensor(features).Shape[0]
	if b.pos = b.position(); b.images > 1 {
		b.zeros = b.repeat()
	}
	if c.NeighborSize != [2]int{} {
		b.mask = []graph.Value{b.neighbors()}
	}
	memory := b.linear(features, inputProj, c.InChannels, c.HiddenDim, kernels.MatMul{})
	for i := range c.EncoderLayers {
		memory = b.encode(memory, encoderLayer(i))
	}
	out, keys := memory, b.placed(memory, "transformer.decoder")
	for i := range c.DecoderLayers {
		out = b.decode(memory, keys, out, decoderLayer(i))
	}
	out = b.norm(out, decoderNorm)
	return b.linear(out, outputProj, c.HiddenDim, c.InChannels, kernels.MatMul{})
}

// builder adds modules to a graph, each under its own path.
type builder struct {
	*graph.Graph
	config  Config
	options Options
	images  int
	pos     graph.Value   // [1, rows, columns, HiddenDim]
	zeros   graph.Value   // [N, 1, 1, 1], of several images
	mask    []graph.Value // [1, 1, L, L], or none
	streams uint32        // of dropout, given out in the order of the operations
}

// drop takes the next stream of dropout.
func (b *builder) drop() kernels.Dropout {
	b.streams++
	return kernels.Dropout{P: b.options.Dropout.P, Stream: b.streams - 1}
}

// dropped is x after dropout.
func (b *builder) dropped(x graph.Value) graph.Value {
	if b.options.Dropout.P == 0 {
		return x
	}
	return b.Apply(b.drop(), x, b.options.Dropout.Key)
}

// added is the linear layer of x, dropped, plus residual.
func (b *builder) added(x graph.Value, path string, in, out int, residual graph.Value) graph.Value {
	if b.options.Dropout.P == 0 {
		return b.linear(x, path, in, out, kernels.MatMul{Residual: true}, residual)
	}
	x = b.linear(x, path, in, out, kernels.MatMul{})
	defer b.Scope(path)()
	return b.Apply(kernels.Binary{Op: kernels.Add}, residual, b.dropped(x))
}

// placed is x with its position.
func (b *builder) placed(x graph.Value, path string) graph.Value {
	defer b.Scope(path)()
	return b.Apply(kernels.Binary{Op: kernels.Add}, x, b.pos)
}

// encode attends from x to x.
func (b *builder) encode(x graph.Value, path string) graph.Value {
	at := b.placed(x, path)
	x = b.norm(b.attend(at, at, x, x, path+"."+selfAttention), path+".norm1")
	return b.norm(b.feedforward(x, path), path+".norm2")
}

// decode attends from the layer's own queries to the memory of the encoder, then to
// the output of the layer before. keys is the memory with its position.
func (b *builder) decode(memory, keys, out graph.Value, path string) graph.Value {
	x := b.queries(path)
	x = b.norm(b.attend(b.placed(x, path), keys, memory, x, path+"."+selfAttention), path+".norm1")
	x = b.norm(b.attend(b.placed(x, path), b.placed(out, path), out, x, path+"."+crossAttention), path+".norm2")
	return b.norm(b.feedforward(x, path), path+".norm3")
}

// attend is x plus the multi-head attention of q, k and v, projected as PyTorch's
// MultiheadAttention does.
func (b *builder) attend(q, k, v, x graph.Value, path string) graph.Value {
	in := []graph.Value{b.project(q, path, 0), b.project(k, path, 1), b.project(v, path, 2)}
	leave := b.Scope(path)
	op := kernels.Attention{Heads: b.config.Heads, Mask: len(b.mask) > 0}
	in = append(in, b.mask...)
	if b.options.Dropout.P > 0 {
		op.Drop, in = b.drop(), append(in, b.options.Dropout.Key)
	}
	y := b.Apply(op, in...)
	leave()
	return b.added(y, path+".out_proj", b.config.HiddenDim, b.config.HiddenDim, x)
}

func (b *builder) feedforward(x graph.Value, path string) graph.Value {
	y := b.dropped(b.linear(x, path+".linear1", b.config.HiddenDim, b.config.DimFeedforward, kernels.MatMul{Act: kernels.ReLU}))
	return b.added(y, path+".linear2", b.config.DimFeedforward, b.config.HiddenDim, x)
}
