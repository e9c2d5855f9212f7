package mobilenet

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/conform"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model/modeltest"
)

const prefix = "backbone."

// build makes a graph of images in, the taps and, with classes, the logits out.
func build(t *testing.T, c Config, x kernels.Tensor, weights kernels.Type) *graph.Graph {
	t.Helper()
	g, o := graph.New(), Options{Prefix: prefix, Weights: weights}
	image := g.Input("image", x)
	if c.Classes > 0 {
		g.Output("logits", c.Classify(g, o, image))
	} else {
		for i, y := range c.Build(g, o, image) {
			g.Output(fmt.Sprintf("block%d", c.Taps[i]), y)
		}
	}
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGolden(t *testing.T) {
	for _, c := range modeltest.Load(t, "mobilenet") {
		t.Run(c.Name, func(t *testing.T) {
			var config Config
			c.Decode(t, &config)
			if err := config.Validate(); err != nil {
				t.Fatal(err)
			}
			x := c.Input(t, "image")
			s := modeltest.Store{Prefix: prefix, Sources: config.Tensors()}
			image := modeltest.Input("image", x)
			for i := range image.Data {
				image.Data[i] *= 8 // so that ReLU6 cuts
			}
			in := map[string]*kernels.Array{"image": image}
			compare := func(config Config) {
				g := build(t, config, x, kernels.F32)
				for name, got := range modeltest.Run(t, g, s, in) {
					c.Outputs[name].Compare(t, got, 2e-5)
				}
				if x.Shape[1] > 64 {
					return // the reference takes long
				}
				for name, got := range modeltest.Reference(t, g, s, in) {
					c.Outputs[name].Compare(t, got, 1e-6)
				}
			}
			if config.Classes > 0 {
				compare(config)
				config.Classes = 0
			}
			compare(config)
		})
	}
}

// TestHalf compares a network of half-precision weights with the reference, which
// rounds them too.
func TestHalf(t *testing.T) {
	c, x := Config{Padding: Dynamic, Classes: 11}, kernels.Float(2, 48, 64, 3)
	s := modeltest.Store{Prefix: prefix, Sources: c.Tensors()}
	g, in := build(t, c, x, kernels.F16), map[string]*kernels.Array{"image": modeltest.Input("image", x)}
	want := modeltest.Reference(t, g, s, in)["logits"]
	if d := conform.Compare(modeltest.Run(t, g, s, in)["logits"], want); !(d.NMSE <= 2e-5*2e-5) {
		t.Errorf("NMSE %.3g, bound %.3g: %s", d.NMSE, 2e-5*2e-5, d.First)
	}
}

func TestPublished(t *testing.T) {
	c := Config{Padding: Symmetric, Classes: 1000}
	if n := c.Params() + normalised(c); n != 3504872 {
		t.Errorf("%d parameters before folding, want 3,504,872", n)
	}
	if n := Default().Channels(); n != 192 {
		t.Errorf("%d channels of the default taps, want 192", n)
	}
	if s := (Config{Taps: []int{0, 2, 5, 9, 12, 16}}).Strides(); !slices.Equal(s, []int{2, 4, 8, 16, 16, 32}) {
		t.Errorf("strides %v", s)
	}
	// timm counts so many in mobilenetv2_050.
	half := Config{Padding: Symmetric, Width: 0.5, Classes: 1000}
	if n := half.Params() + normalised(half); n != 1968680 {
		t.Errorf("width 0.5: %d parameters before folding, want 1,968,680", n)
	}
}

// normalised is the number of channels with batch normalisation, where there is a
// bias after folding: published counts have gamma and beta.
func normalised(c Config) int {
	n := 0
	for _, l := range c.layers() {
		if l.name != "classifier" {
			n += l.out
		}
	}
	return n
}

// TestTensors: the graph reads all stored tensors, each with its shape.
func TestTensors(t *testing.T) {
	for _, c := range []Config{Default(), {Padding: Dynamic, Taps: []int{2, 16}}, {Padding: Dynamic, Taps: []int{2}, Classes: 7}, {Padding: Symmetric, Width: 0.35, Taps: []int{2, 9}}} {
		read := map[string][]int{}
		for _, p := range build(t, c, kernels.Float(1, 64, 64, 3), kernels.F32).Params() {
			for _, s := range p.From {
				read[s.Name] = s.Shape
			}
		}
		listed, values := map[string][]int{}, 0
		for _, s := range c.Tensors() {
			listed[prefix+s.Name] = s.Shape
			n := 1
			for _, e := range s.Shape {
				n *= e
			}
			values += n
		}
		if d := cmp.Diff(listed, read); d != "" {
			t.Errorf("%+v: listed and read:\n%s", c, d)
		}
		if c.Params() != values {
			t.Errorf("%+v: %d parameters, the tensors have %d values", c, c.Params(), values)
		}
	}
}

func TestPadding(t *testing.T) {
	for _, test := range []struct {
		padding                       Padding
		rows, columns, kernel, stride int
		want                          [4]int
	}{
		{Dynamic, 224, 224, 3, 2, [4]int{0, 0, 1, 1}},
		{Dynamic, 51, 64, 3, 2, [4]int{1, 0, 1, 1}},
		{Dynamic, 14, 14, 3, 1, [4]int{1, 1, 1, 1}},
		{Dynamic, 14, 14, 1, 1, [4]int{}},
		{Symmetric, 224, 224, 3, 2, [4]int{1, 1, 1, 1}},
		{Symmetric, 14, 14, 1, 1, [4]int{}},
	} {
		if got := test.padding.around(kernels.Shape{1, test.rows, test.columns, 8}, test.kernel, test.stride); got != test.want {
			t.Errorf("%+v: got %v", test, got)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(c *Config)
		want   string
	}{
		{"default", func(*Config) {}, ""},
		{"classes alone", func(c *Config) { c.Taps, c.Classes = nil, 1001 }, ""},
		{"padding", func(c *Config) { c.Padding = "static380" }, `mobilenet: padding "static380", want "dynamic" or "symmetric"`},
		{"nothing", func(c *Config) { c.Taps = nil }, "mobilenet: no taps and no classes"},
		{"order", func(c *Config) { slices.Reverse(c.Taps) }, "mobilenet: taps [12 9 5], want ascending"},
		{"twice", func(c *Config) { c.Taps = []int{5, 5} }, "mobilenet: taps [5 5], want ascending"},
		{"past the end", func(c *Config) { c.Taps = []int{17} }, "mobilenet: taps [17], want ascending numbers of blocks, 0 to 16"},
		{"negative", func(c *Config) { c.Taps = []int{-1} }, "mobilenet: taps [-1]"},
		{"width", func(c *Config) { c.Width = 1.4 }, ""},
		{"narrow", func(c *Config) { c.Width = 0.1 }, "mobilenet: width 0.1, want 0.125 to 2"},
		{"no width", func(c *Config) { c.Width = math.NaN() }, "mobilenet: width NaN"},
		{"classes", func(c *Config) { c.Classes = -1 }, "mobilenet: classes -1, want 0 to 65536"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Default()
			test.change(&c)
			err := c.Validate()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
