package unet

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model/modeltest"
)

const prefix = "refiner."

// build makes a graph with the inputs t, x_t and, for six input channels, x_c, and
// the output eps.
func build(t *testing.T, c Config, weights kernels.Type, timesteps int, x kernels.Tensor) *graph.Graph {
	t.Helper()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	g := graph.New()
	time := g.Input("t", kernels.Float(timesteps, 1, 1, 1))
	images := []graph.Value{g.Input("x_t", x)}
	if c.InChannels == 6 {
		images = append(images, g.Input("x_c", x))
	}
	g.Output("eps", c.Build(g, Options{Prefix: prefix, Weights: weights}, time, images...))
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	return g
}

func inputs(g *graph.Graph, timesteps ...float64) map[string]*kernels.Array {
	in := map[string]*kernels.Array{}
	for name, tensor := range g.Inputs() {
		in[name] = modeltest.Input(name, tensor)
	}
	for n, t := range timesteps {
		in["t"].Set(n, 0, 0, 0, t)
	}
	return in
}

// golden is the configuration of a case of gen_unet.py.
type golden struct {
	Config
	Timesteps []float64
}

func TestGolden(t *testing.T) {
	for _, c := range modeltest.Load(t, "unet") {
		t.Run(c.Name, func(t *testing.T) {
			var config golden
			c.Decode(t, &config)
			if diff := cmp.Diff(c.Tensors, config.Tensors()); diff != "" {
				t.Fatalf("tensors, - PyTorch, + Tensors:\n%s", diff)
			}
			s := modeltest.Store{Prefix: prefix, Sources: c.Tensors}
			g := build(t, config.Config, kernels.F32, len(config.Timesteps), c.Input(t, "x_t"))
			in := inputs(g, config.Timesteps...)
			// Rounding of some hundred layers in float32.
			c.Outputs["eps"].Compare(t, modeltest.Run(t, g, s, in)["eps"], 2e-5)
			// Both compute in float64; weights transformed into tiles are rounded to f32.
			c.Outputs["eps"].Compare(t, modeltest.Reference(t, g, s, in)["eps"], 1e-7)
		})
	}
}

// small is a network of two levels with everything that a preset has.
func small() Config {
	c := ofSize(32, 16)
	c.ImageSize, c.ChannelMult, c.NumResBlocks, c.AttentionDS = 16, []float64{1, 2}, 1, []int{2}
	return c
}

// TestHalf holds the device to the reference, which rounds weights to half floats
// too.
func TestHalf(t *testing.T) {
	c := small()
	s := modeltest.Store{Prefix: prefix, Sources: c.Tensors()}
	g := build(t, c, kernels.F16, 1, kernels.Float(1, 16, 16, 3))
	in := inputs(g, 249)
	got, want := modeltest.Run(t, g, s, in)["eps"], modeltest.Reference(t, g, s, in)["eps"]
	exact := modeltest.Reference(t, build(t, c, kernels.F32, 1, kernels.Float(1, 16, 16, 3)), s, in)["eps"]
	if d := distance(got, want); !(d <= 2e-5) {
		t.Errorf("relative L2 error %.3g against rounded weights, want at most 2e-5", d)
	}
	if d := distance(want, exact); !(d > 2e-5 && d < 1e-2) {
		t.Errorf("rounding the weights changes the output by %.3g, want 2e-5 to 1e-2", d)
	}
}

func distance(got, want *kernels.Array) float64 {
	var num, den float64
	for i, w := range want.Data {
		d := got.Data[i] - w
		num, den = num+d*d, den+w*w
	}
	return math.Sqrt(num / den)
}

// TestOutputDependsOnEverything changes every input and every tensor: none may be
// ignored.
func TestOutputDependsOnEverything(t *testing.T) {
	c := small()
	s := modeltest.Store{Prefix: prefix, Sources: c.Tensors()}
	g := build(t, c, kernels.F32, 1, kernels.Float(1, 4, 4, 3))
	eps := func(s graph.Store, in map[string]*kernels.Array) *kernels.Array {
		return modeltest.Reference(t, g, s, in)["eps"]
	}
	want := eps(s, inputs(g, 249))
	for name := range g.Inputs() {
		in := inputs(g, 249)
		in[name].Data[0]++
		if distance(eps(s, in), want) == 0 {
			t.Errorf("input %s has no effect", name)
		}
	}
	for _, src := range c.Tensors() {
		if distance(eps(scaled{s, src.Name, 1.5}, inputs(g, 249)), want) == 0 {
			t.Errorf("tensor %s has no effect", src.Name)
		}
	}
}

// scaled multiplies the tensors whose names end with suffix.
type scaled struct {
	graph.Store
	suffix string
	by     float32
}

func (s scaled) Float32(ctx context.Context, name string) ([]float32, []int, error) {
	data, shape, err := s.Store.Float32(ctx, name)
	if strings.HasSuffix(name, s.suffix) {
		for i := range data {
			data[i] *= s.by
		}
	}
	return data, shape, err
}

// TestZeroInitialised is what training starts from: the last convolution is zero, and
// so are out_layers.3 and proj_out, which leaves the residual paths.
func TestZeroInitialised(t *testing.T) {
	c := small()
	var s graph.Store = modeltest.Store{Prefix: prefix, Sources: c.Tensors()}
	for _, name := range []string{"out_layers.3", "proj_out", "refiner.out.2"} {
		s = scaled{scaled{s, name + ".weight", 0}, name + ".bias", 0}
	}
	g := build(t, c, kernels.F32, 1, kernels.Float(1, 16, 16, 3))
	for i, v := range modeltest.Run(t, g, s, inputs(g, 249))["eps"].Data {
		if v != 0 {
			t.Fatalf("value %d is %g, want 0", i, v)
		}
	}
}

func TestRefuses(t *testing.T) {
	c := small()
	for _, test := range []struct {
		name  string
		t, x  kernels.Tensor
		x2    kernels.Tensor
		wants string
	}{
		{"size", kernels.Float(1, 1, 1, 1), kernels.Float(1, 15, 16, 3), kernels.Float(1, 15, 16, 3), "refiner.output_blocks.2.0.in_layers.0: groupnorm: shape: sources 1x14x16x64 and 1x15x16x32"},
		{"images", kernels.Float(1, 1, 1, 1), kernels.Float(2, 16, 16, 3), kernels.Float(1, 16, 16, 3), "refiner.input_blocks.0.0: conv2d: shape: second source is 1x16x16x3"},
		{"timesteps", kernels.Float(2, 1, 1, 1), kernels.Float(3, 16, 16, 3), kernels.Float(3, 16, 16, 3), "refiner.input_blocks.1.0.out_layers.0: groupnorm: shape: scales and shifts 2x1x1x64, want 3x1x1x64"},
		{"channels", kernels.Float(1, 1, 1, 1), kernels.Float(1, 16, 16, 3), kernels.Float(1, 16, 16, 4), `tensor "refiner.input_blocks.0.0.weight" is [32 6 3 3], want [32 7 3 3]`},
	} {
		g := graph.New()
		x := []graph.Value{g.Input("x_t", test.x), g.Input("x_c", test.x2)}
		g.Output("eps", c.Build(g, Options{Prefix: prefix}, g.Input("t", test.t), x...))
		_, err := g.Reference(context.Background(), modeltest.Store{Prefix: prefix, Sources: c.Tensors()})
		if err == nil || !strings.Contains(err.Error(), test.wants) {
			t.Errorf("%s: %v, want %q", test.name, err, test.wants)
		}
	}
}
