package model

import (
	"fmt"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model/efficientnet"
	"github.com/drdc-dev/drdc/runtime/model/mobilenet"
	"github.com/drdc-dev/drdc/runtime/model/uniad"
)

// Architectures of Backbone.
const (
	EfficientNetB4 = "efficientnet_b4"
	MobileNetV2    = "mobilenet_v2"
)

// Backbone configures the frozen network whose features the base model works on.
type Backbone struct {
	Arch    string  `json:"arch"`
	Padding string  `json:"padding"`          // "static380" (EfficientNet only), "dynamic" or "symmetric"
	BNEps   float64 `json:"bn_eps,omitempty"` // EfficientNet; MobileNetV2 is stored with batch normalisation folded in
	Width   float64 `json:"width,omitempty"`  // MobileNetV2: factor of the channels, 0 stands for 1
	Taps    []int   `json:"taps,omitempty"`   // MobileNetV2: the blocks whose outputs are the features
	// Mean and Std of red, green and blue: the network sees (x/255 - Mean)/Std.
	Mean [3]float64 `json:"mean"`
	Std  [3]float64 `json:"std"`
}

// DefaultBackbone is the published network: the EfficientNet-b4 of UniAD, or the
// folded MobileNetV2 of TensorFlow. Validate refuses that of another arch.
func DefaultBackbone(arch string) Backbone {
	b := Backbone{Arch: arch}
	switch arch {
	case EfficientNetB4:
		c := efficientnet.Default()
		b.Padding, b.BNEps = string(c.Padding), c.BNEps
		b.Mean, b.Std = [3]float64{0.485, 0.456, 0.406}, [3]float64{0.229, 0.224, 0.225}
	case MobileNetV2:
		c := mobilenet.Default()
		b.Padding, b.Taps = string(c.Padding), c.Taps
		b.Mean, b.Std = [3]float64{0.5, 0.5, 0.5}, [3]float64{0.5, 0.5, 0.5}
	}
	return b
}

// network is what the two architectures have in common.
type network interface {
	Validate() error
	Channels() int
	Tensors() []graph.Source
	Params() int
}

func (b Backbone) efficientNet() efficientnet.Config {
	return efficientnet.Config{Padding: efficientnet.Padding(b.Padding), BNEps: b.BNEps}
}

func (b Backbone) mobileNet() mobilenet.Config {
	return mobilenet.Config{Padding: mobilenet.Padding(b.Padding), Width: b.Width, Taps: b.Taps}
}

func (b Backbone) network() network {
	if b.Arch == MobileNetV2 {
		return b.mobileNet()
	}
	return b.efficientNet()
}

// Validate names the first field that has no meaning.
func (b Backbone) Validate() error {
	if b.Arch != EfficientNetB4 && b.Arch != MobileNetV2 {
		return fmt.Errorf("model: backbone arch %q, want %q or %q", b.Arch, EfficientNetB4, MobileNetV2)
	}
	for i := range b.Std {
		if !(b.Std[i] > 0) || !(b.Std[i] < 1e3) || !(b.Mean[i] > -1e3) || !(b.Mean[i] < 1e3) {
			return fmt.Errorf("model: backbone mean %v and std %v, want finite ones and std above 0", b.Mean, b.Std)
		}
	}
	if err := b.network().Validate(); err != nil {
		return fmt.Errorf("model: backbone: %w", err)
	}
	return nil
}

// Channels is the number of channels of the features: 272 and 192 by default.
func (b Backbone) Channels() int { return b.network().Channels() }

// Tensors lists the stored tensors, as the networks do.
func (b Backbone) Tensors() []graph.Source { return b.network().Tensors() }

// Params is the number of parameters, as the networks count them.
func (b Backbone) Params() int { return b.network().Params() }

// TapChannels are the channels of each of the outputs of TrainingTaps, nil where the
// architecture does not say.
func (b Backbone) TapChannels() []int {
	if b.Arch == MobileNetV2 {
		return b.mobileNet().TapChannels()
	}
	return nil
}

// Strides are the pixels of the image to a place of each of the outputs of TrainingTaps,
// nil where the architecture does not say.
func (b Backbone) Strides() []int {
	if b.Arch == MobileNetV2 {
		return b.mobileNet().Strides()
	}
	return nil
}

// Build applies the backbone to images x [N, H, W, 3], normalised by Mean and Std,
// and returns its features on a grid of rows and columns: [N, rows, columns,
// Channels] (method 2.2). prefix stands in front of every stored name; weights is F32
// or F16. b must be valid; errors of shapes are kept by g.
func (b Backbone) Build(g *graph.Graph, prefix string, weights kernels.Type, x graph.Value, grid [2]int) graph.Value {
	return uniad.Neck(g, grid, b.taps(g, prefix, weights, x)...)
}

// TrainingTaps is Build without the neck, with weights as training needs them: the
// outputs whose channels are the features, each on a grid of its own.
func (b Backbone) TrainingTaps(g *graph.Graph, prefix string, x graph.Value) []graph.Value {
	return b.taps(g, prefix, kernels.F32, x)
}

func (b Backbone) taps(g *graph.Graph, prefix string, weights kernels.Type, x graph.Value) []graph.Value {
	if b.Arch == MobileNetV2 {
		return b.mobileNet().Build(g, mobilenet.Options{Prefix: prefix, Weights: weights}, x)
	}
	return b.efficientNet().Build(g, efficientnet.Options{Prefix: prefix, Weights: weights}, x)
}
