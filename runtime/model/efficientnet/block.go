package efficientnet

import "fmt"

// block is one MBConv: expand, depthwise, squeeze and excite, project.
type block struct {
	name           string
	in, mid, out   int // mid = in: no expansion
	kernel, stride int
	squeeze        int // channels of the squeeze, a quarter of in
}

// stage is a run of blocks with one kernel and output width; the first block of
// it has the stride.
type stage struct{ repeats, expand, kernel, stride, out int }

const (
	stemChannels = 48
	imageSize    = 380 // pixels, of Static380
)

func stem() layer {
	return layer{conv: "_conv_stem", norm: "_bn0", in: 3, out: stemChannels, kernel: 3}
}

// trunk is blocks 0 to 21.
func trunk() []block {
	return blocks([]stage{{2, 1, 3, 1, 24}, {4, 6, 3, 2, 32}, {4, 6, 5, 2, 56}, {6, 6, 3, 2, 112}, {6, 6, 5, 1, 160}})
}

// taps are the blocks whose outputs are the features: strides 2, 4, 8 and 16.
func taps() []int { return []int{1, 5, 9, 21} }

func blocks(stages []stage) []block {
	var all []block
	in := stemChannels
	for _, s := range stages {
		stride := s.stride
		for range s.repeats {
			all = append(all, block{
				name: fmt.Sprintf("_blocks.%d", len(all)), in: in, mid: in * s.expand, out: s.out,
				kernel: s.kernel, stride: stride, squeeze: in / 4,
			})
			in, stride = s.out, 1
		}
	}
	return all
}

func (b block) expand() layer {
	return layer{b.name + "._expand_conv", b.name + "._bn0", b.in, b.mid, 1, false}
}

func (b block) depthwise() layer {
	return layer{b.name + "._depthwise_conv", b.name + "._bn1", 1, b.mid, b.kernel, true}
}

func (b block) reduce() layer { return layer{b.name + "._se_reduce", "", b.mid, b.squeeze, 1, false} }

func (b block) excite() layer { return layer{b.name + "._se_expand", "", b.squeeze, b.mid, 1, false} }

func (b block) project() layer {
	return layer{b.name + "._project_conv", b.name + "._bn2", b.mid, b.out, 1, false}
}

// layers lists the convolutions in the order of a checkpoint.
func (b block) layers() []layer {
	ls := []layer{b.depthwise(), b.reduce(), b.excite(), b.project()}
	if b.mid != b.in {
		ls = append([]layer{b.expand()}, ls...)
	}
	return ls
}
