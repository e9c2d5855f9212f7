package uniad

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model/modeltest"
)

// TestInitial holds the weights to method 2.3.
func TestInitial(t *testing.T) {
	c := Config{
		HiddenDim: 32, Heads: 4, EncoderLayers: 3, DecoderLayers: 3, DimFeedforward: 80,
		NeighborSize: [2]int{3, 3}, FeatureSize: [2]int{6, 5}, InChannels: 20,
	}
	v := c.Initial("base.", 4)
	if len(v) != len(c.Tensors()) {
		t.Errorf("%d tensors, want %d", len(v), len(c.Tensors()))
	}
	of := func(name string) []float32 {
		t.Helper()
		x, ok := v["base."+name]
		if !ok {
			t.Fatalf("no %s", name)
		}
		return x.Data
	}
	spread := func(name string, low, high float64) {
		t.Helper()
		x := of(name)
		if a, b := float64(slices.Min(x)), float64(slices.Max(x)); a < low || b > high || b-a < 0.9*(high-low) {
			t.Errorf("%s: %g to %g, want nearly all of %g to %g", name, a, b, low, high)
		}
	}
	glorot := func(in, out int) float64 { return math.Sqrt(6 / float64(in+out)) }
	spread("pos_embed.row_embed.weight", 0, 1)
	spread("input_proj.weight", -glorot(20, 32), glorot(20, 32))
	spread("transformer.encoder.layers.1.linear2.weight", -glorot(80, 32), glorot(80, 32))
	spread("transformer.encoder.layers.1.self_attn.in_proj_weight", -glorot(32, 96), glorot(32, 96))
	for _, part := range []string{"encoder", "decoder"} {
		first, second := of("transformer."+part+".layers.0.self_attn.in_proj_weight"), of("transformer."+part+".layers.2.self_attn.in_proj_weight")
		if !slices.Equal(first, second) {
			t.Errorf("%s: input projections differ between layers", part)
		}
		first, second = of("transformer."+part+".layers.0.linear1.weight"), of("transformer."+part+".layers.2.linear1.weight")
		if slices.Equal(first, second) {
			t.Errorf("%s: linear layers are the same", part)
		}
	}
	if slices.Equal(of("transformer.decoder.layers.0.self_attn.in_proj_weight"), of("transformer.decoder.layers.0.multihead_attn.in_proj_weight")) {
		t.Error("the two attentions of the decoder are the same")
	}
	queries := of("transformer.decoder.layers.0.learned_embed.weight")
	sum := 0.0
	for _, q := range queries {
		sum += float64(q) * float64(q)
	}
	if d := math.Sqrt(sum / float64(len(queries))); d < 0.9 || d > 1.1 || !slices.Equal(queries, of("transformer.decoder.layers.1.learned_embed.weight")) {
		t.Errorf("queries have deviation %g, or differ between layers", d)
	}
	for name, x := range v {
		want := float32(0)
		switch {
		case strings.Contains(name, "norm") && strings.HasSuffix(name, "weight"):
			want = 1
		case !strings.HasSuffix(name, "bias"):
			continue
		}
		if slices.Min(x.Data) != want || slices.Max(x.Data) != want {
			t.Errorf("%s: not %g everywhere", name, want)
		}
	}
	if slices.Equal(c.Initial("", 5)["input_proj.weight"].Data, of("input_proj.weight")) {
		t.Error("another seed gives the same weights")
	}
}

// TestJitter: the noise of a token has the deviation that its length and the scale
// give, and is another for another key.
func TestJitter(t *testing.T) {
	const scale, channels = 20, 96
	x := kernels.Float(2, 8, 8, channels)
	in := map[string]*kernels.Array{"x": modeltest.Input("x", x), "keys": kernels.NewArray(kernels.Uint(2, 1, 1, 4))}
	in["keys"].Data[0], in["keys"].Data[4] = 1, 2
	g := graph.New()
	g.Output("y", Jitter(g, g.Input("x", x), g.Input("keys", in["keys"].Tensor), scale))
	y := modeltest.Reference(t, g, graph.Values{}, in)["y"]
	noise := func(p int) (ns []float64, deviation, want float64) {
		sum := 0.0
		for c, v := range y.Row(p) {
			n := v - in["x"].Row(p)[c]
			ns, deviation, sum = append(ns, n), deviation+n*n/channels, sum+in["x"].Row(p)[c]*in["x"].Row(p)[c]
		}
		return ns, math.Sqrt(deviation), math.Sqrt(sum) / channels * scale
	}
	ratio := 0.0
	for p := range 128 {
		_, deviation, want := noise(p)
		ratio += deviation / want / 128
	}
	if math.Abs(ratio-1) > 0.03 {
		t.Errorf("the deviation is %g times what it should be", ratio)
	}
	first, _, a := noise(5)
	second, _, b := noise(64 + 5)
	if math.Abs(first[0]/a-second[0]/b) < 1e-9 {
		t.Error("two images have the same noise")
	}
}

// TestDropout: with dropout the network is another one for every key, and without it
// the one of before.
func TestDropout(t *testing.T) {
	c := Config{HiddenDim: 16, Heads: 2, EncoderLayers: 1, DecoderLayers: 1, DimFeedforward: 24, FeatureSize: [2]int{3, 4}, InChannels: 8}
	x := kernels.Float(1, 3, 4, 8)
	run := func(p, word float64) []float64 {
		in := map[string]*kernels.Array{"x": modeltest.Input("x", x)}
		g := graph.New()
		o := Options{}
		features := g.Input("x", x)
		if p > 0 {
			in["key"] = kernels.NewArray(kernels.Uint(1, 1, 1, 4))
			in["key"].Data[2] = word
			o.Dropout = Dropout{P: p, Key: g.Input("key", in["key"].Tensor)}
		}
		g.Output("y", c.Build(g, o, features))
		return modeltest.Reference(t, g, modeltest.Store{Sources: c.Tensors()}, in)["y"].Data
	}
	plain := run(0, 0)
	a, b := run(0.1, 1), run(0.1, 2)
	if slices.Equal(a, b) || slices.Equal(a, plain) {
		t.Error("dropout changes nothing")
	}
	if !slices.Equal(a, run(0.1, 1)) {
		t.Error("the same key gives another network")
	}
}
