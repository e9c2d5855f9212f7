package mobilenet

import (
	"fmt"

	"github.com/drdc-dev/drdc/runtime/graph"
)

// layer is a convolution with a bias.
type layer struct {
	name      string
	in, out   int // channels, in of a group
	kernel    int
	depthwise bool
}

func (l layer) weight() graph.Source {
	return graph.Source{Name: l.name + ".weight", Shape: []int{l.out, l.in, l.kernel, l.kernel}}
}

func (l layer) bias() graph.Source {
	return graph.Source{Name: l.name + ".bias", Shape: []int{l.out}}
}

const (
	stemChannels = 32
	headChannels = 1280
)

// scaled is the number of channels at the width of c, to a multiple of 8 that is at
// most a tenth below (Sandler et al. 2018; the head is never made narrower).
func (c Config) scaled(channels int) int {
	want := float64(channels) * c.width()
	n := max(8, int(want+4)/8*8)
	if float64(n) < 0.9*want {
		n += 8
	}
	return n
}

func (c Config) stem() layer { return layer{"stem", 3, c.scaled(stemChannels), 3, false} }

func (c Config) head() layer {
	all := c.blocks()
	return layer{"head", all[len(all)-1].out, c.headChannels(), 1, false}
}

func (c Config) headChannels() int { return max(headChannels, c.scaled(headChannels)) }

func (c Config) classifier() layer {
	return layer{"classifier", c.headChannels(), c.Classes, 1, false}
}

// block is one inverted residual: expand, depthwise, project.
type block struct {
	name         string
	in, mid, out int // mid = in: no expansion
	stride       int
}

// depth is the number of blocks.
const depth = 17

// blocks lists them (Sandler et al. 2018, table 2).
func (c Config) blocks() []block {
	all := make([]block, 0, depth)
	in := c.stem().out
	for _, s := range []struct{ expand, out, repeats, stride int }{
		{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
	} {
		stride := s.stride
		for range s.repeats {
			all = append(all, block{fmt.Sprintf("blocks.%d", len(all)), in, in * s.expand, c.scaled(s.out), stride})
			in, stride = c.scaled(s.out), 1
		}
	}
	return all
}

func (b block) expand() layer { return layer{b.name + ".expand", b.in, b.mid, 1, false} }

func (b block) depthwise() layer { return layer{b.name + ".depthwise", 1, b.mid, 3, true} }

func (b block) project() layer { return layer{b.name + ".project", b.mid, b.out, 1, false} }

// layers lists the convolutions in the order of a checkpoint.
func (b block) layers() []layer {
	ls := []layer{b.depthwise(), b.project()}
	if b.mid != b.in {
		ls = append([]layer{b.expand()}, ls...)
	}
	return ls
}
