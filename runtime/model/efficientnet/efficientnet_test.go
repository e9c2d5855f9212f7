package efficientnet

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/conform"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model/modeltest"
)

const prefix = "backbone."

// build makes a graph of images in and the four taps out.
func build(t *testing.T, c Config, x kernels.Tensor, weights kernels.Type) *graph.Graph {
	t.Helper()
	g := graph.New()
	for i, y := range c.Build(g, Options{Prefix: prefix, Weights: weights}, g.Input("image", x)) {
		g.Output([]string{"s2", "s4", "s8", "s16"}[i], y)
	}
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGolden(t *testing.T) {
	for _, c := range modeltest.Load(t, "efficientnet") {
		t.Run(c.Name, func(t *testing.T) {
			var config Config
			c.Decode(t, &config)
			if err := config.Validate(); err != nil {
				t.Fatal(err)
			}
			x := c.Input(t, "image")
			s := modeltest.Store{Prefix: prefix, Sources: config.Tensors()}
			g, in := build(t, config, x, kernels.F32), map[string]*kernels.Array{"image": modeltest.Input("image", x)}
			for name, got := range modeltest.Run(t, g, s, in) {
				c.Outputs[name].Compare(t, got, 2e-5)
			}
			if x.Shape[1] > 64 {
				return // the reference takes long
			}
			for name, got := range modeltest.Reference(t, g, s, in) {
				c.Outputs[name].Compare(t, got, 1e-6)
			}
		})
	}
}

// TestHalf compares a network of half-precision weights with the reference, which
// rounds them too.
func TestHalf(t *testing.T) {
	x := kernels.Float(1, 48, 64, 3)
	s := modeltest.Store{Prefix: prefix, Sources: Default().Tensors()}
	g, in := build(t, Default(), x, kernels.F16), map[string]*kernels.Array{"image": modeltest.Input("image", x)}
	want := modeltest.Reference(t, g, s, in)
	for name, got := range modeltest.Run(t, g, s, in) {
		if d := conform.Compare(got, want[name]); !(d.NMSE <= 2e-5*2e-5) {
			t.Errorf("%s: NMSE %.3g, bound %.3g: %s", name, d.NMSE, 2e-5*2e-5, d.First)
		}
	}
}

func TestPublished(t *testing.T) {
	c := Default()
	if n := c.Params(); n != 3635984 {
		t.Errorf("%d parameters in the trunk, want 3,635,984", n)
	}
	// The whole network: two more stages, the head and 1,000 classes.
	n := stem().params()
	all := blocks([]stage{{2, 1, 3, 1, 24}, {4, 6, 3, 2, 32}, {4, 6, 5, 2, 56}, {6, 6, 3, 2, 112}, {6, 6, 5, 1, 160}, {8, 6, 5, 2, 272}, {2, 6, 3, 1, 448}})
	for _, b := range all {
		for _, l := range b.layers() {
			n += l.params()
		}
	}
	n += layer{conv: "_conv_head", norm: "_bn1", in: 448, out: 1792, kernel: 1}.params()
	n += layer{conv: "_fc", in: 1792, out: 1000, kernel: 1}.params()
	if n != 19341616 {
		t.Errorf("%d parameters in the whole network, want 19,341,616", n)
	}
}

// TestTensors: the graph reads all stored tensors, each with its shape.
func TestTensors(t *testing.T) {
	g := build(t, Default(), kernels.Float(1, 224, 224, 3), kernels.F32)
	read := map[string][]int{}
	for _, p := range g.Params() {
		for _, s := range p.From {
			read[s.Name] = s.Shape
		}
	}
	listed := map[string][]int{}
	for _, s := range Default().Tensors() {
		listed[prefix+s.Name] = s.Shape
	}
	if d := cmp.Diff(listed, read); d != "" {
		t.Errorf("listed and read:\n%s", d)
	}
}

// TestPadding has the column of method 2.1, at 224 pixels.
func TestPadding(t *testing.T) {
	type row = struct {
		name string
		pad  [4]int
	}
	for _, test := range []struct {
		padding Padding
		want    []row
	}{
		{Static380, []row{{"_conv_stem", [4]int{0, 0, 1, 1}}, {"0", [4]int{1, 1, 1, 1}}, {"2", [4]int{0, 0, 1, 1}}, {"6", [4]int{2, 2, 2, 2}}, {"7", [4]int{2, 2, 2, 2}}, {"10", [4]int{0, 0, 1, 1}}, {"16", [4]int{2, 2, 2, 2}}}},
		{Dynamic, []row{{"_conv_stem", [4]int{0, 0, 1, 1}}, {"0", [4]int{1, 1, 1, 1}}, {"2", [4]int{0, 0, 1, 1}}, {"6", [4]int{1, 1, 2, 2}}, {"7", [4]int{2, 2, 2, 2}}, {"10", [4]int{0, 0, 1, 1}}, {"16", [4]int{2, 2, 2, 2}}}},
		{Symmetric, []row{{"_conv_stem", [4]int{1, 1, 1, 1}}, {"0", [4]int{1, 1, 1, 1}}, {"2", [4]int{1, 1, 1, 1}}, {"6", [4]int{2, 2, 2, 2}}, {"7", [4]int{2, 2, 2, 2}}, {"10", [4]int{1, 1, 1, 1}}, {"16", [4]int{2, 2, 2, 2}}}},
	} {
		t.Run(string(test.padding), func(t *testing.T) {
			size, nominal := 224, imageSize
			got := map[string][4]int{}
			add := func(name string, kernel, stride int) {
				got[name] = test.padding.around(size, size, nominal, kernel, stride)
				size, nominal = size/stride, ceilDiv(nominal, stride)
			}
			add("_conv_stem", 3, 2)
			for _, b := range trunk() {
				add(strings.TrimPrefix(b.name, "_blocks."), b.kernel, b.stride)
			}
			for _, w := range test.want {
				if got[w.name] != w.pad {
					t.Errorf("%s: padding %v, want %v", w.name, got[w.name], w.pad)
				}
			}
		})
	}
}

func TestValidate(t *testing.T) {
	for _, test := range []struct {
		config Config
		want   string
	}{
		{Default(), ""},
		{Config{"same", 1e-3}, `efficientnet: padding "same", want "static380", "dynamic" or "symmetric"`},
		{Config{Dynamic, 0}, "efficientnet: bn_eps 0, want one above 0"},
		{Config{Dynamic, math.NaN()}, "efficientnet: bn_eps NaN"},
		{Config{Dynamic, math.Inf(1)}, "efficientnet: bn_eps +Inf"},
	} {
		err := test.config.Validate()
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%+v: got %v, want %q", test.config, err, test.want)
		}
	}
}
