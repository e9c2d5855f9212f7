package plugin_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/host/internal/plugin"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/wasm/abi"
	"github.com/drdc-dev/drdc/wasm/input"
)

func newRule(t testing.TB, p *plugin.Plugin, o plugin.RuleOptions) *plugin.Rule {
	t.Helper()
	r, err := plugin.NewRule(p, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sameBits reports the first difference between what two rules made.
func sameBits(a, b *fusion.Fused) error {
	for i := range a.Heatmap {
		if math.Float32bits(a.Heatmap[i]) != math.Float32bits(b.Heatmap[i]) {
			return fmt.Errorf("pixel %d: %v, want %v", i, a.Heatmap[i], b.Heatmap[i])
		}
	}
	if math.Float64bits(a.Score) != math.Float64bits(b.Score) || len(a.Heatmap) != len(b.Heatmap) {
		return fmt.Errorf("score %v of %d pixels, want %v of %d", a.Score, len(a.Heatmap), b.Score, len(b.Heatmap))
	}
	return nil
}

// TestBuiltin gives stacks to a built-in rule and to the plugins that do the same work. Bytes must agree, in both engines.
func TestBuiltin(t *testing.T) {
	quantiles := fusion.Default()
	quantiles.Normalize = fusion.NormalizeTrainQuantile
	quantiles.RefinedQuantiles = &fusion.Quantiles{Median: 0.31, High: 1.7}
	quantiles.BaseQuantiles = &fusion.Quantiles{Median: 2.2, High: 9.1}
	narrow := fusion.Config{MeanFilter: 1, Alpha: 0.37, Normalize: fusion.NormalizeNone}

	cases := []struct {
		name   string
		stack  *fusion.Stack
		config fusion.Config
	}{
		{"as shipped", stack(1, 224, 224, 40, true), fusion.Default()},
		{"normalised", stack(2, 64, 48, 5, true), quantiles},
		{"no base map", stack(3, 65, 33, 3, false), fusion.Default()},
		{"only a base map", stack(4, 40, 40, 0, true), fusion.Default()},
		{"smaller than a window, box larger than the image", stack(5, 5, 11, 7, true), fusion.Default()},
		{"one pixel", stack(6, 1, 1, 1, true), fusion.Default()},
		{"two maps, no box", stack(7, 17, 16, 2, true), narrow},
	}
	for _, rule := range []struct {
		builtin string
		plugins []string
	}{
		{"paper", []string{"paper-go", "paper-c", "paper-rust", "border-mask-as", "cell-weights-rust"}},
		{"trimmed-mean", []string{"trimmed-mean-c"}},
	} {
		for _, name := range rule.plugins {
			for _, interpreter := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/interpreter=%v", name, interpreter), func(t *testing.T) {
					t.Parallel()
					p := open(t, read(t, prebuilt, name), plugin.Options{Interpreter: interpreter, Deadline: time.Minute})
					for _, c := range cases {
						if rule.builtin != "paper" && len(c.stack.Maps) == 0 {
							continue // the built-in trimmed mean wants maps
						}
						builtin, err := fusion.New(rule.builtin, c.config)
						if err != nil {
							t.Fatal(err)
						}
						want, err := builtin.Fuse(t.Context(), c.stack)
						if rule.builtin == "paper" && len(c.stack.Maps) == 0 {
							// The built-in paper rule wants maps too; "base" is what remains of it.
							want, err = mustRule(t, "base", c.config).Fuse(t.Context(), c.stack)
						}
						if err != nil {
							t.Fatal(c.name, err)
						}
						r := newRule(t, p, plugin.RuleOptions{Name: name, Config: c.config})
						for range 2 {
							got, err := r.Fuse(t.Context(), c.stack)
							if err != nil {
								t.Fatal(c.name, err)
							}
							if err := sameBits(got, want); err != nil {
								t.Errorf("%s: %v", c.name, err)
							}
						}
					}
					figure(t, "%s, interpreter %v: %d stacks, twice each, compared with the bytes of rule %q", name, interpreter, len(cases), rule.builtin)
				})
			}
		}
	}
}

func mustRule(t testing.TB, name string, c fusion.Config) fusion.Rule {
	t.Helper()
	r, err := fusion.New(name, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMaximum checks the hand-written module against the plain loop that it describes.
func TestMaximum(t *testing.T) {
	for _, interpreter := range []bool{false, true} {
		r := newRule(t, open(t, read(t, prebuilt, "maximum-wat"), plugin.Options{Interpreter: interpreter}), plugin.RuleOptions{Config: fusion.Default()})
		for _, s := range []*fusion.Stack{stack(1, 13, 7, 5, true), stack(2, 64, 64, 12, true), stack(3, 224, 224, 40, true)} {
			got, err := r.Fuse(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			want := &fusion.Fused{Heatmap: make([]float32, s.W*s.H), Score: math.Inf(-1)}
			for p := range want.Heatmap {
				most := s.Maps[0].Val[p]
				for _, m := range s.Maps {
					most = max(most, m.Val[p])
				}
				v := float32(float32(0.9)*most) + float32(float32(1-0.9)*s.Base[p])
				want.Heatmap[p], want.Score = v, max(want.Score, float64(v))
			}
			if err := sameBits(got, want); err != nil {
				t.Errorf("interpreter %v, %d x %d: %v", interpreter, s.W, s.H, err)
			}
		}
	}
}

// TestParameters gives parameters to the two rules that take some.
func TestParameters(t *testing.T) {
	s := stack(9, 48, 40, 8, true)
	fuse := func(module string, params ...string) (*plugin.Outcome, error) {
		o := plugin.RuleOptions{Name: module, Config: fusion.Default()}
		for _, text := range params {
			p, err := abi.ParseParam(text)
			if err != nil {
				t.Fatal(err)
			}
			o.Params = append(o.Params, p)
		}
		return newRule(t, open(t, read(t, prebuilt, module), plugin.Options{}), o).FuseImage(t.Context(), s, input.About{Class: "screw"})
	}
	plain, err := fuse("border-mask-as")
	if err != nil {
		t.Fatal(err)
	}
	masked, err := fuse("border-mask-as", "left=12", "bottom=3", "left=5")
	if err != nil {
		t.Fatal(err)
	}
	least := slices.Min(masked.Heatmap)
	for i, v := range masked.Heatmap {
		x, y := i%s.W, i/s.W
		if hidden := x < 5 || y >= s.H-3; hidden && v != least || !hidden && v != plain.Heatmap[i] {
			t.Fatalf("pixel %d, %d: %v, least %v, without a mask %v", x, y, v, least, plain.Heatmap[i])
		}
	}

	// A weight of 0 for the larger cells leaves the paper's rule on the smaller ones.
	weighted, err := fuse("cell-weights-rust", "cell16=0", "cell8=0.5")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := weighted.Numbers["weight.total"], 2.0; got != want {
		t.Errorf("weight.total %v, want %v", got, want)
	}
	half := &fusion.Stack{W: s.W, H: s.H, Base: s.Base}
	for _, m := range s.Maps {
		if m.Cell == 8 {
			half.Maps = append(half.Maps, m)
		}
	}
	want, err := mustRule(t, "paper", fusion.Default()).Fuse(t.Context(), half)
	if err != nil {
		t.Fatal(err)
	}
	if err := sameBits(&weighted.Fused, want); err != nil {
		t.Error(err)
	}

	for _, test := range []struct{ module, param, want string }{
		{"border-mask-as", "left=48", "the borders leave nothing"},
		{"border-mask-as", "top=x", "top is x, want a whole number of pixels"},
		{"cell-weights-rust", "cell8=1e9", "a weight is not a number like 2 or 0.5"},
	} {
		if _, err := fuse(test.module, test.param); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: error %v, want %q", test.module, test.param, err, test.want)
		}
	}
}

// TestFallBack lets a plugin fail under each policy.
func TestFallBack(t *testing.T) {
	s := stack(1, 20, 20, 2, true)
	p := open(t, read(t, prebuilt, "border-mask-as"), plugin.Options{})
	failing := []abi.Param{{Key: "left", Value: "99"}}

	r := newRule(t, p, plugin.RuleOptions{Config: fusion.Default(), Params: failing})
	if o, err := r.FuseImage(t.Context(), s, input.About{}); err == nil {
		t.Errorf("the default policy gave %v", o.Score)
	}

	r = newRule(t, p, plugin.RuleOptions{Config: fusion.Default(), Params: failing, Failure: plugin.FallBack})
	o, err := r.FuseImage(t.Context(), s, input.About{})
	if err != nil {
		t.Fatal(err)
	}
	if o.Failed == nil || !strings.Contains(o.Failed.Error(), "the borders leave nothing") {
		t.Errorf("the fall-back hides the plugin's error: %v", o.Failed)
	}
	want, err := mustRule(t, "paper", fusion.Default()).Fuse(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if err := sameBits(&o.Fused, want); err != nil {
		t.Error(err)
	}
	if _, err := r.Fuse(t.Context(), s); err == nil {
		t.Error("Fuse fell back without a word")
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.FuseImage(ctx, s, input.About{}); err == nil {
		t.Error("a cancelled image got a result")
	}
	if _, err := plugin.NewRule(p, plugin.RuleOptions{Config: fusion.Default(), Failure: "never"}); err == nil {
		t.Error("an unknown policy was taken")
	}
}
