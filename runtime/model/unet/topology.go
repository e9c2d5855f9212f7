package unet

import (
	"fmt"

	"github.com/drdc-dev/drdc/runtime/graph"
)

// block is modules one after another.
type block []module

// topology is the network as method 3.3 lists it. The output of every input block is
// kept and read again by an output block, last first.
type topology struct {
	inputs  []block
	middle  block
	outputs []block
}

// add appends a module whose path ends with its place in the block.
func (b *block) add(k kind, path string, in, out int) {
	*b = append(*b, module{k, fmt.Sprintf("%s.%d", path, len(*b)), in, out})
}

func (c Config) topology() topology {
	var t topology
	var kept []int // channels of the outputs of the input blocks
	input := func(k kind, in, out int, attend bool) {
		var b block
		path := fmt.Sprintf("input_blocks.%d", len(t.inputs))
		b.add(k, path, in, out)
		if attend {
			b.add(attention, path, out, out)
		}
		t.inputs, kept = append(t.inputs, b), append(kept, out)
	}
	width, last := c.channels(0), len(c.ChannelMult)-1
	input(stem, c.InChannels, width, false)
	for level := range c.ChannelMult {
		for range c.NumResBlocks {
			input(residual, width, c.channels(level), c.attends(level))
			width = c.channels(level)
		}
		if level < last {
			input(downsample, width, width, false)
		}
	}
	for _, k := range []kind{residual, attention, residual} {
		t.middle.add(k, "middle_block", width, width)
	}
	for level := last; level >= 0; level-- {
		for i := range c.NumResBlocks + 1 {
			var b block
			path := fmt.Sprintf("output_blocks.%d", len(t.outputs))
			b.add(residual, path, width+kept[len(kept)-1], c.channels(level))
			width, kept = c.channels(level), kept[:len(kept)-1]
			if c.attends(level) {
				b.add(attention, path, width, width)
			}
			if level > 0 && i == c.NumResBlocks {
				b.add(upsample, path, width, width)
			}
			t.outputs = append(t.outputs, b)
		}
	}
	return t
}

// timeEmbed1 and timeEmbed2 embed the timestep, outNorm and outConv end the network.
func (c Config) timeEmbed1() layer { return linear("time_embed.0", c.ModelChannels, c.embedding()) }
func (c Config) timeEmbed2() layer { return linear("time_embed.2", c.embedding(), c.embedding()) }
func (c Config) outNorm() layer    { return norm("out.0", c.channels(0)) }
func (c Config) outConv() layer    { return convolution("out.2", c.channels(0), c.OutChannels, 3) }

// Tensors lists the stored tensors: names without the part's prefix, shapes as
// PyTorch has them, in the order of a checkpoint. c must be valid.
func (c Config) Tensors() []graph.Source {
	t := c.topology()
	all := []layer{c.timeEmbed1(), c.timeEmbed2()}
	for _, b := range append(append(t.inputs, t.middle), t.outputs...) {
		for _, m := range b {
			all = append(all, c.layers(m)...)
		}
	}
	all = append(all, c.outNorm(), c.outConv())
	var ts []graph.Source
	for _, l := range all {
		ts = append(ts, l.weight(), l.bias())
	}
	return ts
}

// Params is the number of parameters: 34,615,683 by default. c must be valid.
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
