package fusion

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
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

// TestNeeds lets every rule meet stacks without one kind of map.
func TestNeeds(t *testing.T) {
	for _, name := range Names() {
		for _, c := range []Config{Default(), quantiles()} {
			for _, s := range []*Stack{
				randomStack(40, 40, 12, true), randomStack(37, 20, 5, false), randomStack(9, 12, 2, true), randomStack(16, 16, 1, true), randomStack(20, 20, 0, true),
			} {
				rule, err := New(name, c)
				if err != nil {
					t.Fatal(err)
				}
				refined, base := len(s.Maps) > 0, s.Base != nil
				useRefined, useBase, needs := rule.Needs(refined, base)
				fused, err := rule.Fuse(t.Context(), s)
				if needs != nil || err != nil {
					if !errors.Is(needs, ErrStack) || !errors.Is(err, ErrStack) {
						t.Errorf("%s: Needs says %v, Fuse %v, want ErrStack from both", name, needs, err)
					}
					continue
				}
				if useRefined && !refined || useBase && !base {
					t.Errorf("%s: reads refined maps %t, the base map %t; there are %t, %t", name, useRefined, useBase, refined, base)
				}
				// A map that the rule does not read changes nothing.
				less := &Stack{W: s.W, H: s.H}
				if useRefined {
					less.Maps = s.Maps
				}
				if useBase {
					less.Base = s.Base
				}
				again, err := rule.Fuse(t.Context(), less)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(again.Heatmap, fused.Heatmap) || again.Score != fused.Score || len(fused.Heatmap) != s.W*s.H {
					t.Errorf("%s: another result without the maps that it does not read", name)
				}
			}
		}
	}
}

// TestPlain compares every rule with Eq. 15 to 17 in float64, to 1e-5 of the values:
// float32 sums of 12 maps and of boxes.
func TestPlain(t *testing.T) {
	joins := map[string]func(v []float64) float64{
		"paper":        func(v []float64) float64 { return sum(v) / float64(len(v)) },
		"max":          slices.Max[[]float64],
		"trimmed-mean": func(v []float64) float64 { return (sum(v) - slices.Min(v) - slices.Max(v)) / float64(len(v)-2) },
	}
	c := quantiles()
	s := randomStack(31, 22, 12, true)
	for name, join := range joins {
		rule, err := New(name, c)
		if err != nil {
			t.Fatal(err)
		}
		got, err := rule.Fuse(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		joined := make([]float64, s.W*s.H)
		for p := range joined {
			var v []float64
			for _, m := range s.Maps {
				v = append(v, float64(m.Val[p]))
			}
			joined[p] = join(v)
		}
		want := make([]float64, s.W*s.H)
		for p := range want {
			var box []float64
			for y := max(p/s.W-3, 0); y < min(p/s.W+4, s.H); y++ {
				box = append(box, joined[y*s.W+max(p%s.W-3, 0):y*s.W+min(p%s.W+4, s.W)]...)
			}
			refined := (sum(box)/float64(len(box)) - 0.2) / (0.9 - 0.2)
			want[p] = 0.7*refined + 0.3*(float64(s.Base[p])-3)/(11-3)
			if math.Abs(float64(got.Heatmap[p])-want[p]) > 1e-5 {
				t.Fatalf("%s: pixel %d: %g, want %g", name, p, got.Heatmap[p], want[p])
			}
		}
		score := math.Inf(-1)
		for y := range s.H - 15 {
			for x := range s.W - 15 {
				square := 0.0
				for i := range 16 {
					square += sum(want[(y+i)*s.W+x:][:16])
				}
				score = max(score, square/256)
			}
		}
		if math.Abs(got.Score-score) > 1e-5 {
			t.Errorf("%s: score %g, want %g", name, got.Score, score)
		}
	}
}

func sum(v []float64) float64 {
	s := 0.0
	for _, x := range v {
		s += x
	}
	return s
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
