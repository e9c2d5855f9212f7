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

func stem() layer { return layer{"stem", 3, stemChannels, 3, false} }

func head() layer {
	all := blocks()
	return layer{"head", all[len(all)-1].out, headChannels, 1, false}
}

func classifier(classes int) layer { return layer{"classifier", headChannels, classes, 1, false} }

// block is one inverted residual: expand, depthwise, project.
type block struct {
	name         string
	in, mid, out int // mid = in: no expansion
	stride       int
}

// blocks lists the 17 blocks (Sandler et al. 2018, table 2).
func blocks() []block {
	var all []block
	in := stemChannels
	for _, s := range []struct{ expand, out, repeats, stride int }{
		{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
	} {
		stride := s.stride
		for range s.repeats {
			all = append(all, block{fmt.Sprintf("blocks.%d", len(all)), in, in * s.expand, s.out, stride})
			in, stride = s.out, 1
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
