package keymap

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/drdc-dev/drdc/weights"
)

var (
	// ErrUnknown: no network of this package has such tensors.
	ErrUnknown = errors.New("unknown network or tensor")
	// ErrMissing: a tensor the network needs is not there.
	ErrMissing = errors.New("missing tensor")
	// ErrShape: a tensor has another shape than the network needs.
	ErrShape = errors.New("wrong shape")
	// ErrAmbiguous: names and shapes do not tell what must be known; a Hint does.
	ErrAmbiguous = errors.New("ambiguous checkpoint")
)

// Network is a recognised checkpoint.
type Network struct {
	Arch    string // "efficientnet_b4", "mobilenet_v2", "uniad", "unet"
	Flavour string // whose names they were: "lukemelas", "timm", "torchvision", "folded", "uniad", "guided-diffusion"
	// Padding is how convolutions pad: "static380" (SAME, computed for 380 pixels), "dynamic" (SAME) or "symmetric"; empty for
	// networks without the question.
	Padding string
	// BNEps is the epsilon of batch normalisation; 0 for networks without it and for weights folded elsewhere.
	BNEps float64
	// Folded says that batch normalisation is in the weights.
	Folded bool
	// Mean and Std are how the network's input was normalised: (x/255 - Mean) / Std for each colour. Zero for networks that do not
	// see pixels.
	Mean, Std [3]float64
	// Config has what the shapes tell, under the names of the model file's configuration.
	Config map[string]any
	// Tensors are sorted by name; Origin is the name in the checkpoint, empty when it is ours or for tensors made of several.
	Tensors []weights.Named
	// Ignored are the names of tensors the project has no use for, sorted.
	Ignored []string
}

// Part is the description for weights.Meta.
func (n *Network) Part() weights.Part {
	return weights.Part{Arch: n.Arch, Flavour: n.Flavour, Folded: n.Folded}
}

// Named gives the tensors with the name of the part and a dot before theirs.
func (n *Network) Named(part string) []weights.Named {
	out := slices.Clone(n.Tensors)
	for i := range out {
		out[i].Name = part + "." + out[i].Name
	}
	return out
}

// Hint says what names and shapes can not.
type Hint struct {
	// File is the checkpoint's file name; timm's "tf_" variants show in it.
	File string
	// Padding and BNEps overrule what the flavour implies; zero values do not.
	Padding string
	BNEps   float64
}

func (n *Network) apply(h Hint) error {
	switch h.Padding {
	case "":
	case "static380", "dynamic", "symmetric":
		n.Padding = h.Padding
	default:
		return fmt.Errorf("keymap: padding %q: want static380, dynamic or symmetric", h.Padding)
	}
	if h.BNEps != 0 {
		n.BNEps = h.BNEps
	}
	return nil
}

// Backbone recognises and maps an EfficientNet-b4 or a MobileNetV2.
func Backbone(arrays []weights.Array, h Hint) (*Network, error) {
	t := newTable(arrays)
	switch {
	case t.has("_conv_stem.weight"), t.has("backbone._conv_stem.weight"), t.has("blocks.6.0.conv_pwl.weight") && t.has("blocks.0.0.se.conv_reduce.weight"),
		t.has("features.1.0.block.0.0.weight"):
		return EfficientNetB4(arrays, h)
	case t.has("stem.weight"), t.has("features.1.conv.0.0.weight"), t.has("blocks.0.0.conv_dw.weight"):
		return MobileNetV2(arrays, h)
	}
	return nil, fmt.Errorf("keymap: backbone with tensor %q: %w", t.first(), ErrUnknown)
}

// table is a checkpoint by name, without the prefix that data-parallel training adds.
type table struct {
	arrays map[string]*weights.Array
	names  []string // sorted
	used   map[string]bool
}

func newTable(arrays []weights.Array) *table {
	prefix := "module."
	for i := range arrays {
		if !strings.HasPrefix(arrays[i].Name, prefix) {
			prefix = ""
			break
		}
	}
	t := &table{arrays: make(map[string]*weights.Array, len(arrays)), used: make(map[string]bool)}
	for i := range arrays {
		name := strings.TrimPrefix(arrays[i].Name, prefix)
		t.arrays[name] = &arrays[i]
		t.names = append(t.names, name)
	}
	sort.Strings(t.names)
	return t
}

// below keeps the tensors under a prefix and takes it off; the others are ignored names.
func (t *table) below(prefix string) (*table, []string) {
	out := &table{arrays: make(map[string]*weights.Array), used: make(map[string]bool)}
	var ignored []string
	for _, name := range t.names {
		short, ok := strings.CutPrefix(name, prefix)
		if !ok {
			ignored = append(ignored, t.arrays[name].Name)
			continue
		}
		out.arrays[short] = t.arrays[name]
		out.names = append(out.names, short)
	}
	return out, ignored
}

func (t *table) has(name string) bool { return t.arrays[name] != nil }

func (t *table) first() string {
	if len(t.names) == 0 {
		return ""
	}
	return t.arrays[t.names[0]].Name
}

// shape gives the shape of a tensor, or the error wraps ErrMissing.
func (t *table) shape(name string) ([]int, error) {
	a := t.arrays[name]
	if a == nil {
		return nil, fmt.Errorf("keymap: tensor %q: %w", name, ErrMissing)
	}
	return a.Shape, nil
}

// take gives the values of a tensor, which must have the shape.
func (t *table) take(name string, shape ...int) ([]float32, error) {
	have, err := t.shape(name)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(have, shape) {
		return nil, fmt.Errorf("keymap: tensor %q has shape %v, want %v: %w", t.arrays[name].Name, have, shape, ErrShape)
	}
	t.used[name] = true
	return t.arrays[name].Float32()
}

// copy maps the tensor called from to a name of ours.
func (t *table) copy(n *Network, to, from string, shape ...int) error {
	v, err := t.take(from, shape...)
	if err != nil {
		return err
	}
	tensor := weights.Named{Name: to, Shape: slices.Clone(shape), Data: v}
	if name := t.arrays[from].Name; name != to { // export gives tensors without an origin our name
		tensor.Origin = name
	}
	n.Tensors = append(n.Tensors, tensor)
	return nil
}

// finish sorts, and refuses tensors that were neither used nor may be ignored.
func (t *table) finish(n *Network, ignorable func(name string) bool) error {
	for _, name := range t.names {
		switch {
		case t.used[name]:
		case ignorable(name), strings.HasSuffix(name, ".num_batches_tracked"):
			n.Ignored = append(n.Ignored, t.arrays[name].Name)
		default:
			return fmt.Errorf("keymap: %s: tensor %q: %w", n.Arch, t.arrays[name].Name, ErrUnknown)
		}
	}
	sort.Strings(n.Ignored)
	slices.SortFunc(n.Tensors, func(a, b weights.Named) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

func hasAnyPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

func imagenet(n *Network) {
	n.Mean, n.Std = [3]float64{0.485, 0.456, 0.406}, [3]float64{0.229, 0.224, 0.225}
}
