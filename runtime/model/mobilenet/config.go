package mobilenet

import (
	"fmt"
	"slices"

	"github.com/drdc-dev/drdc/runtime/graph"
)

// Padding says how a convolution pads its input. Weights trained with one
// padding give other features with another.
type Padding string

const (
	// Dynamic is TensorFlow's SAME: with stride 2 on an even size, one row below and
	// one column on the right.
	Dynamic Padding = "dynamic"
	// Symmetric is one row and column on every side: torchvision, timm's mobilenetv2.
	Symmetric Padding = "symmetric"
)

// Config is what may differ between MobileNetV2s.
type Config struct {
	Padding Padding `json:"padding"`
	// Width is the factor of all channels, 1/8 to 2; 0 stands for 1.
	Width float64 `json:"width,omitempty"`
	// Taps are the blocks whose outputs are the features, ascending; 0 to 16. The
	// last of each stride, at width 1, are 0 (stride 2, 16 channels), 2 (4, 24), 5 (8, 32), 9 and
	// 12 (16, 64 and 96), 15 and 16 (32, 160 and 320).
	Taps []int `json:"taps"`
	// Classes is the number of outputs of the classifier, 0 when only the features
	// are wanted.
	Classes int `json:"classes,omitempty"`
}

// Default taps blocks 5, 9 and 12: 192 channels at strides 8, 16 and 16.
func Default() Config { return Config{Padding: Dynamic, Taps: []int{5, 9, 12}} }

func (c Config) width() float64 {
	if c.Width == 0 {
		return 1
	}
	return c.Width
}

// Validate names the first field that has no meaning.
func (c Config) Validate() error {
	if c.Padding != Dynamic && c.Padding != Symmetric {
		return fmt.Errorf("mobilenet: padding %q, want %q or %q", c.Padding, Dynamic, Symmetric)
	}
	if w := c.width(); !(w >= 0.125 && w <= 2) {
		return fmt.Errorf("mobilenet: width %g, want 0.125 to 2", w)
	}
	if len(c.Taps) == 0 && c.Classes == 0 {
		return fmt.Errorf("mobilenet: no taps and no classes, want one of them")
	}
	last := -1
	for _, t := range c.Taps {
		if t <= last || t >= depth {
			return fmt.Errorf("mobilenet: taps %v, want ascending numbers of blocks, 0 to %d", c.Taps, depth-1)
		}
		last = t
	}
	if c.Classes < 0 || c.Classes > 1<<16 {
		return fmt.Errorf("mobilenet: classes %d, want 0 to %d", c.Classes, 1<<16)
	}
	return nil
}

// TapChannels are the channels of each of the taps.
func (c Config) TapChannels() []int {
	ns, all := make([]int, len(c.Taps)), c.blocks()
	for i, t := range c.Taps {
		ns[i] = all[t].out
	}
	return ns
}

// Strides are the pixels of the image to a place of each of the taps.
func (c Config) Strides() []int {
	var ns []int
	stride := 2 // of the stem
	for i, b := range c.blocks() {
		if stride *= b.stride; slices.Contains(c.Taps, i) {
			ns = append(ns, stride)
		}
	}
	return ns
}

// Channels is the sum of the channels of the taps.
func (c Config) Channels() int {
	n := 0
	for _, of := range c.TapChannels() {
		n += of
	}
	return n
}

// layers lists the convolutions in the order of a checkpoint.
func (c Config) layers() []layer {
	used, last := c.blocks(), []layer{c.head(), c.classifier()}
	if c.Classes == 0 {
		used, last = used[:slices.Max(c.Taps)+1], nil
	}
	ls := []layer{c.stem()}
	for _, b := range used {
		ls = append(ls, b.layers()...)
	}
	return append(ls, last...)
}

// Tensors lists the stored tensors that Build or Classify needs: names without the
// part's prefix, shapes as PyTorch has them, in the order of a checkpoint.
func (c Config) Tensors() []graph.Source {
	var ts []graph.Source
	for _, l := range c.layers() {
		ts = append(ts, l.weight(), l.bias())
	}
	return ts
}

// Params is the number of values of Tensors.
func (c Config) Params() int {
	n := 0
	for _, l := range c.layers() {
		n += l.out * (l.in*l.kernel*l.kernel + 1)
	}
	return n
}
