package keymap

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/drdc-dev/drdc/weights"
)

// mobBlock is one inverted residual of MobileNetV2 1.0: channels in, expanded and out.
type mobBlock struct{ in, mid, out int }

func mobBlocks() []mobBlock {
	var out []mobBlock
	in := 32
	for _, s := range []struct{ expand, out, n int }{
		{1, 16, 1}, {6, 24, 2}, {6, 32, 3}, {6, 64, 4}, {6, 96, 3}, {6, 160, 3}, {6, 320, 1},
	} {
		for range s.n {
			out = append(out, mobBlock{in, in * s.expand, s.out})
			in = s.out
		}
	}
	return out
}

// mobNames says what a flavour calls convolutions and the batch normalisations after them.
type mobNames struct {
	stem, head [2]string
	block      func(i int) (expand, depthwise, project [2]string)
	classifier string
}

func torchvisionMobNames() mobNames {
	pair := func(format string, i, a, b int) [2]string {
		return [2]string{fmt.Sprintf(format, i, a), fmt.Sprintf(format, i, b)}
	}
	return mobNames{
		stem: [2]string{"features.0.0", "features.0.1"}, head: [2]string{"features.18.0", "features.18.1"}, classifier: "classifier.1",
		block: func(i int) (expand, depthwise, project [2]string) {
			if i == 0 {
				return expand, pair("features.%d.conv.0.%d", 1, 0, 1), pair("features.%d.conv.%d", 1, 1, 2)
			}
			return pair("features.%d.conv.0.%d", i+1, 0, 1), pair("features.%d.conv.1.%d", i+1, 0, 1), pair("features.%d.conv.%d", i+1, 2, 3)
		},
	}
}

func timmMobNames() mobNames {
	return mobNames{
		stem: [2]string{"conv_stem", "bn1"}, head: [2]string{"conv_head", "bn2"}, classifier: "classifier",
		block: func(i int) (expand, depthwise, project [2]string) {
			stage, at := stageOf(i, 1, 2, 3, 4, 3, 3, 1)
			p := fmt.Sprintf("blocks.%d.%d.", stage, at)
			if i == 0 {
				return expand, [2]string{p + "conv_dw", p + "bn1"}, [2]string{p + "conv_pw", p + "bn2"}
			}
			return [2]string{p + "conv_pw", p + "bn1"}, [2]string{p + "conv_dw", p + "bn2"}, [2]string{p + "conv_pwl", p + "bn3"}
		},
	}
}

// MobileNetV2 maps a MobileNetV2 of width 1.0 of torchvision or timm, folding batch normalisation in float64, or one that is
// folded already under the project's own names. The classifier may be absent, or head and classifier both.
func MobileNetV2(arrays []weights.Array, h Hint) (*Network, error) {
	t := newTable(arrays)
	n := &Network{Arch: "mobilenet_v2", Padding: "symmetric", BNEps: 1e-5, Folded: true}
	imagenet(n)
	var names mobNames
	switch {
	case t.has("stem.weight"):
		n.Flavour, n.Padding, n.BNEps = "folded", "dynamic", 0
		n.Mean, n.Std = [3]float64{0.5, 0.5, 0.5}, [3]float64{0.5, 0.5, 0.5}
	case t.has("conv_stem.weight"):
		names, n.Flavour = timmMobNames(), "timm"
		if strings.HasPrefix(h.File, "tf_") {
			n.Padding, n.BNEps = "dynamic", 1e-3
		}
	case t.has("features.0.0.weight"):
		names, n.Flavour = torchvisionMobNames(), "torchvision"
	default:
		return nil, fmt.Errorf("keymap: mobilenet_v2 with tensor %q: %w", t.first(), ErrUnknown)
	}
	if err := n.apply(h); err != nil {
		return nil, err
	}
	conv := func(to string, from [2]string, shape ...int) error {
		if n.Flavour == "folded" {
			if err := t.copy(n, to+".weight", to+".weight", shape...); err != nil {
				return err
			}
			return t.copy(n, to+".bias", to+".bias", shape[0])
		}
		return t.fold(n, to, from[0], from[1], shape)
	}
	if err := mobileNet(names, conv, n.Flavour == "folded" && t.has("head.weight") || t.has(names.head[0]+".weight")); err != nil {
		return nil, err
	}
	if err := t.classifier(n, names.classifier); err != nil {
		return nil, err
	}
	return n, t.finish(n, func(string) bool { return false })
}

// mobileNet calls conv for each convolution of the network.
func mobileNet(names mobNames, conv func(to string, from [2]string, shape ...int) error, head bool) error {
	if err := conv("stem", names.stem, 32, 3, 3, 3); err != nil {
		return err
	}
	for i, b := range mobBlocks() {
		var expand, depthwise, project [2]string
		if names.block != nil {
			expand, depthwise, project = names.block(i)
		}
		to := fmt.Sprintf("blocks.%d.", i)
		if b.mid != b.in {
			if err := conv(to+"expand", expand, b.mid, b.in, 1, 1); err != nil {
				return err
			}
		}
		if err := conv(to+"depthwise", depthwise, b.mid, 1, 3, 3); err != nil {
			return err
		}
		if err := conv(to+"project", project, b.out, b.mid, 1, 1); err != nil {
			return err
		}
	}
	if head {
		return conv("head", names.head, 1280, 320, 1, 1)
	}
	return nil
}

// fold joins a convolution without bias and the batch normalisation after it: w' = w g / sqrt(v + eps),
// b' = b - m g / sqrt(v + eps), in float64, rounded once.
func (t *table) fold(n *Network, to, conv, norm string, shape []int) error {
	w, err := t.take(conv+".weight", shape...)
	if err != nil {
		return err
	}
	var stats [4][]float32
	for i, s := range []string{".weight", ".bias", ".running_mean", ".running_var"} {
		if stats[i], err = t.take(norm+s, shape[0]); err != nil {
			return err
		}
	}
	row := len(w) / shape[0]
	out, bias := make([]float32, len(w)), make([]float32, shape[0])
	for c := range bias {
		k := float64(stats[0][c]) / math.Sqrt(float64(stats[3][c])+n.BNEps)
		for i := c * row; i < (c+1)*row; i++ {
			out[i] = float32(float64(w[i]) * k)
		}
		bias[c] = float32(float64(stats[1][c]) - float64(stats[2][c])*k)
	}
	n.Tensors = append(n.Tensors, weights.Named{Name: to + ".weight", Shape: slices.Clone(shape), Data: out},
		weights.Named{Name: to + ".bias", Shape: []int{shape[0]}, Data: bias})
	return nil
}

// classifier maps a linear layer or 1x1 convolution of any number of classes to a 1x1 convolution, if there is one.
func (t *table) classifier(n *Network, from string) error {
	if n.Flavour == "folded" {
		from = "classifier"
	}
	if !t.has(from + ".weight") {
		return nil
	}
	shape, err := t.shape(from + ".weight")
	if err != nil {
		return err
	}
	if len(shape) == 0 {
		return fmt.Errorf("keymap: tensor %q has shape []: %w", from+".weight", ErrShape)
	}
	classes := shape[0]
	want := []int{classes, 1280}
	if len(shape) == 4 {
		want = []int{classes, 1280, 1, 1}
	}
	if err := t.copy(n, "classifier.weight", from+".weight", want...); err != nil {
		return err
	}
	n.Tensors[len(n.Tensors)-1].Shape = []int{classes, 1280, 1, 1}
	return t.copy(n, "classifier.bias", from+".bias", classes)
}
