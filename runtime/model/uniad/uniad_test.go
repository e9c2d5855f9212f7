package uniad

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/conform"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model/modeltest"
)

const prefix = "base."

// build makes the graph of a golden case: its taps in, features, rebuilt features
// and heatmap out.
func build(t *testing.T, c modeltest.Case, weights kernels.Type) (g *graph.Graph, s graph.Store, in map[string]*kernels.Array) {
	t.Helper()
	var config Config
	c.Decode(t, &config)
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	g, in = graph.New(), map[string]*kernels.Array{}
	var taps []graph.Value
	for i := range len(c.Inputs) {
		name := fmt.Sprintf("tap%d", i)
		tensor := c.Input(t, name)
		in[name] = modeltest.Input(name, tensor)
		taps = append(taps, g.Input(name, tensor))
	}
	heat := c.Outputs["heatmap"].Shape
	features := Neck(g, config.FeatureSize, taps...)
	rebuilt := config.Build(g, Options{Prefix: prefix, Weights: weights}, features)
	g.Output("features", features)
	g.Output("rebuilt", rebuilt)
	g.Output("heatmap", Heatmap(g, features, rebuilt, heat[2], heat[3]))
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	return g, modeltest.Store{Prefix: prefix, Sources: config.Tensors()}, in
}

func TestGolden(t *testing.T) {
	for _, c := range modeltest.Load(t, "uniad") {
		t.Run(c.Name, func(t *testing.T) {
			g, s, in := build(t, c, kernels.F32)
			for name, got := range modeltest.Run(t, g, s, in) {
				c.Outputs[name].Compare(t, got, 2e-5)
			}
			if c.Inputs["tap0"][2] > 14 {
				return // the reference takes long
			}
			for name, got := range modeltest.Reference(t, g, s, in) {
				c.Outputs[name].Compare(t, got, 1e-6)
			}
		})
	}
}

// TestHalf compares networks of half-precision weights with the reference, which
// rounds them too.
func TestHalf(t *testing.T) {
	for _, c := range modeltest.Load(t, "uniad") {
		if c.Inputs["tap0"][2] > 14 {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			g, s, in := build(t, c, kernels.F16)
			want := modeltest.Reference(t, g, s, in)
			for name, got := range modeltest.Run(t, g, s, in) {
				if d := conform.Compare(got, want[name]); !(d.NMSE <= 2e-5*2e-5) {
					t.Errorf("%s: NMSE %.3g, bound %.3g: %s", name, d.NMSE, 2e-5*2e-5, d.First)
				}
			}
		})
	}
}

func TestTensors(t *testing.T) {
	for _, c := range modeltest.Load(t, "uniad") {
		t.Run(c.Name, func(t *testing.T) {
			var config Config
			c.Decode(t, &config)
			if d := cmp.Diff(c.Tensors, config.Tensors()); d != "" {
				t.Errorf("tensors of PyTorch and ours:\n%s", d)
			}
		})
	}
}

func TestPublished(t *testing.T) {
	if n := Default().Params(); n != 7717392 {
		t.Errorf("%d parameters, want 7,717,392", n)
	}
	total, rows := 0, map[int]int{}
	mask := Default().mask()
	for i := range 196 {
		n := 0
		for j := range 196 {
			if mask[196*i+j] == hidden {
				n++
			}
		}
		total, rows[n] = total+n, rows[n]+1
	}
	if total != 7396 || len(mask) != 38416 {
		t.Errorf("%d of %d entries hidden, want 7,396 of 38,416", total, len(mask))
	}
	// Along an axis a token hides 4, 5, 6, eight times 7, 6, 5, 4.
	axis, want := map[int]int{4: 2, 5: 2, 6: 2, 7: 8}, map[int]int{}
	for a, n := range axis {
		for b, m := range axis {
			want[a*b] += n * m
		}
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("rows by number of hidden entries:\n%s", d)
	}
}

func TestValidate(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(c *Config)
		want   string
	}{
		{"default", func(*Config) {}, ""},
		{"no mask", func(c *Config) { c.NeighborSize = [2]int{} }, ""},
		{"mask along rows", func(c *Config) { c.FeatureSize = [2]int{8, 4} }, ""},
		{"no layers", func(c *Config) { c.DecoderLayers = 0 }, "uniad: decoder_layers 0, want 1 to 64"},
		{"no heads", func(c *Config) { c.Heads = 0 }, "uniad: nhead 0, want"},
		{"uneven heads", func(c *Config) { c.Heads = 7 }, "hidden_dim 256 over nhead 7"},
		{"thin heads", func(c *Config) { c.Heads = 128 }, "hidden_dim 256 over nhead 128"},
		{"wide head", func(c *Config) { c.HiddenDim, c.Heads = 512, 1 }, "hidden_dim 512 over nhead 1"},
		{"too many tokens", func(c *Config) { c.FeatureSize[1] = 65 }, "uniad: feature_size columns 65, want 1 to 64"},
		{"even neighbours", func(c *Config) { c.NeighborSize = [2]int{6, 7} }, "uniad: neighbor_size [6 7]"},
		{"half a mask", func(c *Config) { c.NeighborSize = [2]int{0, 7} }, "uniad: neighbor_size [0 7]"},
		{"nothing to see", func(c *Config) { c.FeatureSize = [2]int{7, 7} }, "leaves the middle of feature_size [7 7] nothing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := Default()
			test.change(&c)
			err := c.Validate()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			// The middle of a valid grid sees something.
			if err == nil && c.NeighborSize[0] > 0 {
				n := c.FeatureSize[0] * c.FeatureSize[1]
				s, mask := kernels.Shape{1, 1, n, n}, c.mask()
				for i := range n {
					seen := false
					for j := range n {
						seen = seen || mask[s.Index(0, 0, i, j)] == 0
					}
					if !seen {
						t.Errorf("token %d attends to nothing", i)
					}
				}
			}
		})
	}
}

// TestErrors: an error of a shape names the module.
func TestErrors(t *testing.T) {
	for _, test := range []struct {
		name     string
		features kernels.Tensor
		want     string
	}{
		{"channels", kernels.Float(1, 14, 14, 192), "graph: base.input_proj: matmul: shape"},
		{"grid", kernels.Float(1, 28, 28, 272), "graph: base.transformer.encoder.layers.0: binary: shape"},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := graph.New()
			Default().Build(g, Options{Prefix: prefix}, g.Input("x", test.features))
			if err := g.Err(); err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
