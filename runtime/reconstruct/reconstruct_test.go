package reconstruct

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model/uniad"
)

func small() Config {
	return Config{
		Network: uniad.Config{HiddenDim: 8, Heads: 2, EncoderLayers: 1, DecoderLayers: 1, DimFeedforward: 12, FeatureSize: [2]int{3, 2}, InChannels: 5},
		Jitter:  20, Dropout: 0.1,
	}
}

// loss runs the reference of a batch whose features are all v in image 0 and 2v in
// image 1.
func loss(t *testing.T, c Config, v float32, seed uint64, n int) float64 {
	t.Helper()
	g := graph.New()
	g.Output("loss", c.Loss(g, "base.", 2))
	ref, err := g.Reference(t.Context(), c.Network.Initial("base.", 1))
	if err != nil {
		t.Fatal(err)
	}
	b := c.NewBatch(2)
	for i := range 2 {
		if err := b.Set(i, slices.Repeat([]float32{v * float32(1+i)}, 30)); err != nil {
			t.Fatal(err)
		}
	}
	in := map[string]*kernels.Array{}
	for name, tensor := range g.Inputs() {
		in[name] = kernels.NewArray(tensor)
	}
	err = b.Write(func(input string, data []byte) error { in[input].SetBytes(data); return nil }, seed, n)
	if err != nil {
		t.Fatal(err)
	}
	out, err := ref.Run(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out["loss"].Data[0]
}

func TestLoss(t *testing.T) {
	c := small()
	first := loss(t, c, 1, 7, 3)
	if !(first > 0) || math.IsInf(first, 0) {
		t.Errorf("loss %g", first)
	}
	if again := loss(t, c, 1, 7, 3); again != first {
		t.Errorf("the same batch: %g, then %g", first, again)
	}
	if loss(t, c, 1, 7, 4) == first || loss(t, c, 1, 8, 3) == first {
		t.Error("another batch or seed disturbs the same")
	}
	// Large features that nothing disturbs are far from what an untrained network says:
	// the loss is nearly the mean of their squares.
	c.Jitter, c.Dropout = 0, 0
	const v = 1000
	if got, want := loss(t, c, v, 1, 1), float64(v*v)*(1+4)/2; math.Abs(got/want-1) > 0.02 {
		t.Errorf("loss %g, want about %g", got, want)
	}
}

// TestKeys: no two words of a run are drawn from one counter.
func TestKeys(t *testing.T) {
	c := small()
	seen := map[string]string{}
	for n := range 3 {
		err := c.NewBatch(2).Write(func(input string, data []byte) error {
			for ; strings.HasPrefix(input, "reconstruct.") && input != featuresInput && len(data) > 0; data = data[16:] {
				k := string(data[:16])
				if other, twice := seen[k]; twice {
					t.Errorf("batch %d: %s has the key of %s", n, input, other)
				}
				seen[k] = input
				if !bytes.HasPrefix(data, []byte{1, 0, 0, 0, 2, 0, 0, 0}) {
					t.Errorf("%s: key %v without the seed", input, data[:16])
				}
			}
			return nil
		}, 1|2<<32, n)
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != 3+6 {
		t.Errorf("%d keys, want 3 of dropout and 6 of noise", len(seen))
	}
}

func TestRefuses(t *testing.T) {
	with := func(change func(*Config)) Config { c := small(); change(&c); return c }
	for want, c := range map[string]Config{
		"":                        small(),
		"jitter -1":               with(func(c *Config) { c.Jitter = -1 }),
		"jitter NaN":              with(func(c *Config) { c.Jitter = math.NaN() }),
		"dropout 1":               with(func(c *Config) { c.Dropout = 1 }),
		"hidden_dim 9 over nhead": with(func(c *Config) { c.Network.HiddenDim = 9 }),
	} {
		if err := c.Validate(); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
	b := small().NewBatch(2)
	for _, err := range []error{b.Set(2, make([]float32, 30)), b.Set(0, make([]float32, 29))} {
		if err == nil || !strings.Contains(err.Error(), "want 6 places of 5") {
			t.Error(err)
		}
	}
}
