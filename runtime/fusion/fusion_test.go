package fusion

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model/modeltest"
)

func randomStack(w, h, maps int, base bool) *Stack {
	r := rand.New(rand.NewPCG(uint64(w), uint64(maps)))
	of := func(scale float64) []float32 {
		v := make([]float32, w*h)
		for i := range v {
			v[i] = float32(scale * math.Abs(r.NormFloat64()))
		}
		return v
	}
	s := &Stack{W: w, H: h}
	for range maps {
		s.Maps = append(s.Maps, Map{Timestep: 1, Cell: 4, Scale: 1, Val: of(0.3)})
	}
	if base {
		s.Base = of(5)
	}
	return s
}

func quantiles() Config {
	return Config{
		MeanFilter: 7, Alpha: 0.7, Normalize: NormalizeTrainQuantile,
		RefinedQuantiles: &Quantiles{0.2, 0.9}, BaseQuantiles: &Quantiles{3, 11},
	}
}

// TestDevice holds every rule to the same numbers on the device and on the CPU: 1e-6
// of the range, as both compute in float32.
func TestDevice(t *testing.T) {
	for _, name := range Names() {
		for _, c := range []Config{Default(), quantiles()} {
			for _, s := range []*Stack{
				randomStack(40, 40, 12, true), randomStack(37, 20, 5, false), randomStack(9, 12, 2, true), randomStack(16, 16, 1, true), randomStack(20, 20, 0, true),
			} {
				t.Run(fmt.Sprintf("%s, %s, %dx%d, %d maps, base %t", name, c.Normalize, s.W, s.H, len(s.Maps), s.Base != nil), func(t *testing.T) {
					rule, err := New(name, c)
					if err != nil {
						t.Fatal(err)
					}
					want, err := rule.Fuse(context.Background(), s)
					_, _, needs := rule.Needs(len(s.Maps) > 0, s.Base != nil)
					if (err != nil) != (needs != nil) {
						t.Fatalf("Fuse says %v, Needs %v", err, needs)
					}
					if err != nil {
						if !errors.Is(err, ErrStack) {
							t.Errorf("got %v, want ErrStack", err)
						}
						return
					}
					heatmap, score := onDevice(t, rule, s)
					low, high := slices.Min(want.Heatmap), slices.Max(want.Heatmap)
					for i, w := range want.Heatmap {
						if d := math.Abs(heatmap.Row(i)[0] - float64(w)); !(d <= 1e-6*float64(high-low)+1e-6*math.Abs(float64(w))) {
							t.Fatalf("pixel %d: %g on the device, %g on the CPU", i, heatmap.Row(i)[0], w)
						}
					}
					if d := math.Abs(score - want.Score); !(d <= 1e-6*math.Abs(want.Score)+1e-6) {
						t.Errorf("score %g on the device, %g on the CPU", score, want.Score)
					}
				})
			}
		}
	}
}

func onDevice(t *testing.T, rule Builder, s *Stack) (heatmap *kernels.Array, score float64) {
	t.Helper()
	g := graph.New()
	in := map[string]*kernels.Array{}
	var stack, base graph.Value
	fill := func(name string, maps [][]float32) graph.Value {
		a := kernels.NewArray(kernels.Float(1, s.H, s.W, len(maps)))
		for c, m := range maps {
			for i, v := range m {
				a.Row(i)[c] = float64(v)
			}
		}
		in[name] = a
		return g.Input(name, a.Tensor)
	}
	if len(s.Maps) > 0 {
		var maps [][]float32
		for _, m := range s.Maps {
			maps = append(maps, m.Val)
		}
		stack = fill("stack", maps)
	}
	if s.Base != nil {
		base = fill("base", [][]float32{s.Base})
	}
	h, sc, err := rule.Build(g, stack, base)
	if err != nil {
		t.Fatal(err)
	}
	g.Output("heatmap", h)
	g.Output("score", sc)
	out := modeltest.Run(t, g, graph.Values{}, in)
	return out["heatmap"], out["score"].Data[0]
}

// TestByHand has a 4x1 image, where the box of 3 is worked out easily and the score is
// the mean of the four.
func TestByHand(t *testing.T) {
	stack := &Stack{
		W: 4, H: 1, Base: []float32{10, 20, 30, 40},
		Maps: []Map{{Val: []float32{0, 3, 6, 9}}, {Val: []float32{3, 0, 0, 3}}, {Val: []float32{6, 6, 0, 0}}, {Val: []float32{3, 3, 6, 0}}},
	}
	c := Config{MeanFilter: 3, Alpha: 0.75, Normalize: NormalizeNone}
	q := c
	q.Normalize, q.BaseQuantiles, q.RefinedQuantiles = NormalizeTrainQuantile, &Quantiles{10, 20}, &Quantiles{1, 3}
	for _, test := range []struct {
		rule   string
		config Config
		want   []float64
	}{
		// Means 3, 3, 3, 3.
		{"refined", c, []float64{3, 3, 3, 3}},
		{"paper", c, []float64{2.25 + 2.5, 2.25 + 5, 2.25 + 7.5, 2.25 + 10}},
		{"base", c, []float64{10, 20, 30, 40}},
		// Largest 6, 6, 6, 9; smoothed 6, 6, 7, 7.5.
		{"max", c, []float64{4.5 + 2.5, 4.5 + 5, 5.25 + 7.5, 5.625 + 10}},
		// Without the extremes 3, 3, 3, 1.5; smoothed 3, 3, 2.5, 2.25.
		{"trimmed-mean", c, []float64{2.25 + 2.5, 2.25 + 5, 1.875 + 7.5, 1.6875 + 10}},
		// Refined (3-1)/2 = 1; base 0, 1, 2, 3.
		{"paper", q, []float64{0.75, 1, 1.25, 1.5}},
		{"base", q, []float64{0, 1, 2, 3}},
	} {
		rule, err := New(test.rule, test.config)
		if err != nil {
			t.Fatal(err)
		}
		got, err := rule.Fuse(context.Background(), stack)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, w := range test.want {
			if sum += w; math.Abs(float64(got.Heatmap[i])-w) > 2e-6*max(w, 1) { // float32
				t.Errorf("%s: %v, want %v", test.rule, got.Heatmap, test.want)
				break
			}
		}
		if math.Abs(got.Score-sum/4) > 1e-5 {
			t.Errorf("%s: score %g, want %g", test.rule, got.Score, sum/4)
		}
	}
}

func TestScore(t *testing.T) {
	v := make([]float32, 40*30)
	for y := 10; y < 26; y++ {
		for x := 20; x < 36; x++ {
			v[y*40+x] = 2 // exactly one square
		}
	}
	v[0] = 100 // a single pixel counts 1/256
	if got := Score(v, 40, 30); got != 2 {
		t.Errorf("score %g, want 2", got)
	}
	v[15*40+25] += 256
	if got := Score(v, 40, 30); got != 3 {
		t.Errorf("score %g, want 3", got)
	}
}

func TestErrors(t *testing.T) {
	ok := Default()
	for _, test := range []struct {
		rule   string
		change func(c *Config)
		want   string
	}{
		{"median", func(*Config) {}, `rule "median", want one of paper, base, refined, max, trimmed-mean`},
		{"paper", func(c *Config) { c.MeanFilter = 0 }, "mean_filter 0, want an odd number, 1 to 4095"},
		{"paper", func(c *Config) { c.Alpha = math.NaN() }, "alpha NaN, want 0 to 1"},
		{"paper", func(c *Config) { c.Normalize = "" }, `normalize ""`},
		{"paper", func(c *Config) { c.Normalize = NormalizeTrainQuantile }, "needs refined_quantiles or base_quantiles"},
		{"paper", func(c *Config) { *c = quantiles(); c.BaseQuantiles.High = 3 }, "base_quantiles: high 3, want a finite one above median 3"},
	} {
		c := ok
		test.change(&c)
		if _, err := New(test.rule, c); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
	c := quantiles()
	c.BaseQuantiles = nil
	rule, err := New("paper", c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rule.Fuse(context.Background(), randomStack(8, 8, 2, true)); err == nil || !strings.Contains(err.Error(), "needs base_quantiles") {
		t.Errorf("got %v, want an error about base_quantiles", err)
	}
	for _, s := range []*Stack{
		{}, {W: 2, H: 2, Base: make([]float32, 3)}, {W: 2, H: 2, Maps: []Map{{Val: make([]float32, 5)}}},
	} {
		if _, err := rule.Fuse(context.Background(), s); !errors.Is(err, ErrStack) {
			t.Errorf("%+v: got %v, want ErrStack", s, err)
		}
	}
}
