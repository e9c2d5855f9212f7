package keymap

import (
	"fmt"
	"strings"

	"github.com/drdc-dev/drdc/weights"
)

// effBlock is one MBConv block of EfficientNet-b4: channels in, expanded and out, kernel size, squeezed channels.
type effBlock struct{ in, mid, out, kernel, squeeze int }

// effBlocks are blocks 0 to 21, those the features are taken from.
func effBlocks() []effBlock {
	stages := []struct{ n, in, out, expand, kernel int }{
		{2, 48, 24, 1, 3}, {4, 24, 32, 6, 3}, {4, 32, 56, 6, 5}, {6, 56, 112, 6, 3}, {6, 112, 160, 6, 5},
	}
	var out []effBlock
	for _, s := range stages {
		in := s.in
		for range s.n {
			out = append(out, effBlock{in, in * s.expand, s.out, s.kernel, in / 4})
			in = s.out
		}
	}
	return out
}

// effNames says what a flavour calls the layers of a block.
type effNames struct {
	stem, stemNorm string
	block          func(i int) string // prefix with the dot
	// Layers in the order expand, norm 0, depthwise, norm 1, squeeze down, squeeze up, project, norm 2: with and without expansion.
	expanded, plain [8]string
	ignored         func(name string) bool
}

// stageOf gives stage and place in it of a flat block index; repeats are 2,4,4,6,6,8,2.
func stageOf(i int, repeats ...int) (stage, at int) {
	for stage, n := range repeats {
		if i < n {
			return stage, i
		}
		i -= n
	}
	return len(repeats), i
}

func lukemelasNames() effNames {
	layers := [8]string{"_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_se_reduce", "_se_expand", "_project_conv", "_bn2"}
	return effNames{
		stem: "_conv_stem", stemNorm: "_bn0", block: func(i int) string { return fmt.Sprintf("_blocks.%d.", i) },
		expanded: layers, plain: layers,
		ignored: func(name string) bool {
			var block int
			_, err := fmt.Sscanf(name, "_blocks.%d.", &block)
			return err == nil && block >= 22 && block <= 31 || hasAnyPrefix(name, "_conv_head.", "_bn1.", "_fc.")
		},
	}
}

func timmEffNames() effNames {
	return effNames{
		stem: "conv_stem", stemNorm: "bn1",
		block: func(i int) string {
			stage, at := stageOf(i, 2, 4, 4, 6, 6)
			return fmt.Sprintf("blocks.%d.%d.", stage, at)
		},
		expanded: [8]string{"conv_pw", "bn1", "conv_dw", "bn2", "se.conv_reduce", "se.conv_expand", "conv_pwl", "bn3"},
		plain:    [8]string{"", "", "conv_dw", "bn1", "se.conv_reduce", "se.conv_expand", "conv_pw", "bn2"},
		ignored: func(name string) bool {
			return hasAnyPrefix(name, "blocks.5.", "blocks.6.", "conv_head.", "bn2.", "classifier.")
		},
	}
}

func torchvisionEffNames() effNames {
	return effNames{
		stem: "features.0.0", stemNorm: "features.0.1",
		block: func(i int) string {
			stage, at := stageOf(i, 2, 4, 4, 6, 6)
			return fmt.Sprintf("features.%d.%d.block.", stage+1, at)
		},
		expanded: [8]string{"0.0", "0.1", "1.0", "1.1", "2.fc1", "2.fc2", "3.0", "3.1"},
		plain:    [8]string{"", "", "0.0", "0.1", "1.fc1", "1.fc2", "2.0", "2.1"},
		ignored: func(name string) bool {
			return hasAnyPrefix(name, "features.6.", "features.7.", "features.8.", "classifier.")
		},
	}
}

// EfficientNetB4 maps an EfficientNet-b4 of the lukemelas port (alone or as the backbone of a UniAD checkpoint), timm or
// torchvision. Blocks 22 to 31 and the head are ignored. timm uses the same names for its "tf_" weights, which pad dynamically, and
// its own, which pad symmetrically: the hint's file name or padding must tell, else the error wraps ErrAmbiguous.
func EfficientNetB4(arrays []weights.Array, h Hint) (*Network, error) {
	t := newTable(arrays)
	n := &Network{Arch: "efficientnet_b4"}
	imagenet(n)
	if t.has("backbone._conv_stem.weight") {
		t, n.Ignored = t.below("backbone.")
	}
	var names effNames
	switch {
	case t.has("_conv_stem.weight"):
		names, n.Flavour, n.Padding, n.BNEps = lukemelasNames(), "lukemelas", "static380", 1e-3
	case t.has("conv_stem.weight"):
		names, n.Flavour = timmEffNames(), "timm"
		switch {
		case strings.Contains(h.File, "tf_efficientnet") || h.Padding == "dynamic":
			n.Padding, n.BNEps = "dynamic", 1e-3
		case strings.Contains(h.File, "efficientnet_b4") || h.Padding == "symmetric":
			n.Padding, n.BNEps = "symmetric", 1e-5
		default:
			return nil, fmt.Errorf("keymap: efficientnet_b4 of timm: the padding is \"dynamic\" for tf_efficientnet_b4 and \"symmetric\" for efficientnet_b4, name it: %w", ErrAmbiguous)
		}
	case t.has("features.0.0.weight"):
		names, n.Flavour, n.Padding, n.BNEps = torchvisionEffNames(), "torchvision", "symmetric", 1e-5
	default:
		return nil, fmt.Errorf("keymap: efficientnet_b4 with tensor %q: %w", t.first(), ErrUnknown)
	}
	if err := n.apply(h); err != nil {
		return nil, err
	}
	if err := t.efficientNet(n, names); err != nil {
		return nil, err
	}
	return n, t.finish(n, names.ignored)
}

func (t *table) efficientNet(n *Network, names effNames) error {
	ours := lukemelasNames()
	if err := t.copy(n, ours.stem+".weight", names.stem+".weight", 48, 3, 3, 3); err != nil {
		return err
	}
	if err := t.norm(n, ours.stemNorm, names.stemNorm, 48); err != nil {
		return err
	}
	for i, b := range effBlocks() {
		to, from := ours.block(i), names.block(i)
		theirs := names.expanded
		if b.in == b.mid {
			theirs = names.plain
		}
		for layer, name := range ours.expanded {
			if b.in == b.mid && layer < 2 {
				continue
			}
			if err := t.effLayer(n, b, layer, to+name, from+theirs[layer]); err != nil {
				return err
			}
		}
	}
	return nil
}

// effLayer maps one of the eight layers of a block.
func (t *table) effLayer(n *Network, b effBlock, layer int, to, from string) error {
	switch layer {
	case 0:
		return t.copy(n, to+".weight", from+".weight", b.mid, b.in, 1, 1)
	case 1, 3:
		return t.norm(n, to, from, b.mid)
	case 2:
		return t.copy(n, to+".weight", from+".weight", b.mid, 1, b.kernel, b.kernel)
	case 4, 5:
		out, in := b.squeeze, b.mid
		if layer == 5 {
			out, in = in, out
		}
		if err := t.copy(n, to+".weight", from+".weight", out, in, 1, 1); err != nil {
			return err
		}
		return t.copy(n, to+".bias", from+".bias", out)
	case 6:
		return t.copy(n, to+".weight", from+".weight", b.out, b.mid, 1, 1)
	}
	return t.norm(n, to, from, b.out)
}

// norm maps the four tensors of a batch normalisation.
func (t *table) norm(n *Network, to, from string, channels int) error {
	for _, s := range []string{".weight", ".bias", ".running_mean", ".running_var"} {
		if err := t.copy(n, to+s, from+s, channels); err != nil {
			return err
		}
	}
	return nil
}
