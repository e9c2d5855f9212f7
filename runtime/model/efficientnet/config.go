package efficientnet

import (
	"fmt"
	"math"

	"github.com/drdc-dev/drdc/runtime/graph"
)

// Padding says how a convolution pads its input. Weights trained with one
// padding give other features with another.
type Padding string

const (
	// Static380 is TensorFlow's SAME, computed once for images of 380 pixels
	// whatever their size: the lukemelas port, and so every UniAD checkpoint. At 224
	// pixels only block 6 differs from Dynamic: (2, 2) and not (1, 2).
	Static380 Padding = "static380"
	// Dynamic is TensorFlow's SAME for the size at hand: timm's tf_efficientnet_b4.
	Dynamic Padding = "dynamic"
	// Symmetric is (kernel-1)/2 on every side: torchvision, timm's efficientnet_b4.
	Symmetric Padding = "symmetric"
)

// Config is what may differ between EfficientNet-b4s; the architecture is fixed.
type Config struct {
	Padding Padding `json:"padding"`
	BNEps   float64 `json:"bn_eps"` // of batch normalisation: 1e-3, torchvision and timm's own 1e-5
}

// Default is the EfficientNet-b4 of UniAD.
func Default() Config { return Config{Padding: Static380, BNEps: 1e-3} }

// Validate names the first field that has no meaning.
func (c Config) Validate() error {
	switch c.Padding {
	case Static380, Dynamic, Symmetric:
	default:
		return fmt.Errorf("efficientnet: padding %q, want %q, %q or %q", c.Padding, Static380, Dynamic, Symmetric)
	}
	if !(c.BNEps > 0) || math.IsInf(c.BNEps, 0) {
		return fmt.Errorf("efficientnet: bn_eps %g, want one above 0", c.BNEps)
	}
	return nil
}

// Tensors lists the stored tensors of the trunk: names without the part's prefix,
// shapes as PyTorch has them, in the order of a checkpoint.
func (c Config) Tensors() []graph.Source {
	ts := stem().tensors()
	for _, b := range trunk() {
		for _, l := range b.layers() {
			ts = append(ts, l.tensors()...)
		}
	}
	return ts
}

// Params is the number of parameters of the trunk, 3,635,984: the stored values but
// for the running means and variances, which PyTorch does not count.
func (c Config) Params() int {
	n := stem().params()
	for _, b := range trunk() {
		for _, l := range b.layers() {
			n += l.params()
		}
	}
	return n
}

// Channels is the sum of the channels of the taps, 272.
func (c Config) Channels() int {
	n, all := 0, trunk()
	for _, i := range taps() {
		n += all[i].out
	}
	return n
}
