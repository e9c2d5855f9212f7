package engine

import (
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/runtime/fusion"
)

// TestSeparate adds the two maps under statistics, which gives what a model with
// these statistics finds, bit for bit.
func TestSeparate(t *testing.T) {
	statistics := `"normalize":"train_quantile","refined_quantiles":{"median":0.5,"high":0.9},"base_quantiles":{"median":2,"high":11},"alpha":0.7,`
	plain, scaled := "{"+uniad+","+unet+infer, "{"+uniad+","+unet+strings.Replace(infer, `"infer":{`, `"infer":{`+statistics, 1)
	spec, err := Plan(untrained(t, plain), flagsOf(t, "--rule max --alpha 0.7"), nil)
	if err != nil {
		t.Fatal(err)
	}
	apart, names, err := Separate(spec, true)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(names, []string{RefinedMap, BaseMap}) || len(apart.Variants) != 1 {
		t.Fatalf("%q, %d variants", names, len(apart.Variants))
	}
	parts := runSpec(t, apart)
	rule, err := fusion.New("paper", fusion.Config{
		MeanFilter: 1, Alpha: 0.7, Normalize: fusion.NormalizeTrainQuantile,
		RefinedQuantiles: &fusion.Quantiles{Median: 0.5, High: 0.9}, BaseQuantiles: &fusion.Quantiles{Median: 2, High: 11},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := rule.Fuse(t.Context(), &fusion.Stack{W: small, H: small, Base: parts.Variants[0].Heatmap.Val, Maps: []fusion.Map{{Scale: 1, Val: parts.Heatmap.Val}}})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := Plan(untrained(t, scaled), flagsOf(t, "--rule max"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := runSpec(t, whole)
	if !slices.Equal(got.Heatmap, want.Heatmap.Val) || got.Score != want.Score {
		t.Errorf("score %g, want %g", got.Score, want.Score)
	}
	for rule, want := range map[string][]string{"base": {BaseMap}, "refined": {RefinedMap}} {
		spec, err := Plan(untrained(t, plain), flagsOf(t, "--rule "+rule), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, names, err := Separate(spec, true); err != nil || !slices.Equal(names, want) {
			t.Errorf("%s: %q (%v), want %q", rule, names, err, want)
		}
	}
	if _, names, err := Separate(spec, false); err != nil || !slices.Equal(names, []string{RefinedMap}) {
		t.Errorf("without a base: %q (%v)", names, err)
	}
	spec.Plugin = &worker.Plugin{}
	if _, _, err := Separate(spec, true); err == nil {
		t.Error("a plugin was taken apart")
	}
}
