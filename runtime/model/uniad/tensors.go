package uniad

import (
	"fmt"

	"github.com/drdc-dev/drdc/runtime/graph"
)

// Tensors lists the stored tensors: names without the part's prefix, shapes as
// PyTorch has them, in the order of a checkpoint.
func (c Config) Tensors() []graph.Source {
	var ts []graph.Source
	add := func(name string, shape ...int) { ts = append(ts, graph.Source{Name: name, Shape: shape}) }
	linear := func(name string, out, in int) {
		add(name+".weight", out, in)
		add(name+".bias", out)
	}
	norm := func(name string) {
		add(name+".weight", c.HiddenDim)
		add(name+".bias", c.HiddenDim)
	}
	layer := func(path string, norms int, attentions ...string) {
		for _, a := range attentions {
			add(path+a+".in_proj_weight", 3*c.HiddenDim, c.HiddenDim)
			add(path+a+".in_proj_bias", 3*c.HiddenDim)
			linear(path+a+".out_proj", c.HiddenDim, c.HiddenDim)
		}
		linear(path+"linear1", c.DimFeedforward, c.HiddenDim)
		linear(path+"linear2", c.HiddenDim, c.DimFeedforward)
		for i := range norms {
			norm(fmt.Sprintf("%snorm%d", path, i+1))
		}
	}
	add(rowEmbed, c.FeatureSize[0], c.HiddenDim/2)
	add(colEmbed, c.FeatureSize[1], c.HiddenDim/2)
	for i := range c.EncoderLayers {
		layer(encoderLayer(i)+".", 2, selfAttention)
	}
	for i := range c.DecoderLayers {
		path := decoderLayer(i) + "."
		add(path+learnedEmbed, c.FeatureSize[0]*c.FeatureSize[1], c.HiddenDim)
		layer(path, 3, selfAttention, crossAttention)
	}
	norm(decoderNorm)
	linear(inputProj, c.HiddenDim, c.InChannels)
	linear(outputProj, c.InChannels, c.HiddenDim)
	return ts
}

// Params is the number of parameters, 7,717,392 by default.
func (c Config) Params() int {
	n := 0
	for _, t := range c.Tensors() {
		size := 1
		for _, e := range t.Shape {
			size *= e
		}
		n += size
	}
	return n
}

// Names of UniAD's modules and tensors.
const (
	rowEmbed       = "pos_embed.row_embed.weight"
	colEmbed       = "pos_embed.col_embed.weight"
	learnedEmbed   = "learned_embed.weight"
	selfAttention  = "self_attn"
	crossAttention = "multihead_attn"
	decoderNorm    = "transformer.decoder.norm"
	inputProj      = "input_proj"
	outputProj     = "output_proj"
)

func encoderLayer(i int) string { return fmt.Sprintf("transformer.encoder.layers.%d", i) }

func decoderLayer(i int) string { return fmt.Sprintf("transformer.decoder.layers.%d", i) }
