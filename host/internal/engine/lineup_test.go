package engine

import (
	"encoding/json"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/drdc-dev/drdc/host/internal/worker"
)

// runSpec opens a spec and does one image, in plain Go: what is compared are not the
// kernels.
func runSpec(t *testing.T, spec worker.Spec) worker.Result {
	t.Helper()
	spec.Device = Reference
	var beats atomic.Int32
	var notes []string
	d, err := Open(t.Context(), spec, quiet(&beats, &notes))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	r, err := runImage(t.Context(), d, picture(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// same holds two results to the same bytes: a rule gets the same maps either way.
func same(t *testing.T, name string, got worker.Fused, want worker.Result) {
	t.Helper()
	if !slices.Equal(got.Heatmap.Val, want.Heatmap.Val) || got.Score != want.Score {
		t.Errorf("%s: another map, or score %g in place of %g", name, got.Score, want.Score)
	}
}

// TestRules compares several rules, a plugin among them, in one run with a run of each.
func TestRules(t *testing.T) {
	file := untrained(t, "{"+uniad+","+unet+infer)
	rules := []string{"trimmed-mean", "paper", "base", "max", "../../../wasm/plugins/prebuilt/mean-c.wasm"}
	all, err := Plan(file, flagsOf(t, "--rule "+strings.Join(rules, " --rule ")), nil)
	if err != nil {
		t.Fatal(err)
	}
	if all.Rule != rules[0] || len(all.Variants) != 4 || all.Variants[2].Name != "max" {
		t.Fatalf("planned %+v", all)
	}
	got := runSpec(t, all)
	for i, rule := range rules {
		one, err := Plan(file, flagsOf(t, "--rule "+rule), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := runSpec(t, one)
		all := append([]worker.Fused{{Heatmap: got.Heatmap, Score: got.Score}}, got.Variants...)
		same(t, rule, all[i], want)
	}
}

// TestAblation compares the rows with runs of the settings that they stand for, and
// holds every two rows to be different.
func TestAblation(t *testing.T) {
	file := untrained(t, "{"+uniad+","+unet+infer)
	plan := func(flags string) worker.Spec {
		t.Helper()
		s, err := Plan(file, flagsOf(t, flags), nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	spec, rows, err := Ablate(plan(""))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 10 || len(spec.Variants) != 9 || rows[9].Name != "whole method" {
		t.Fatalf("%d rows, %d variants", len(rows), len(spec.Variants))
	}
	got := runSpec(t, spec)
	all := append(slices.Clone(got.Variants), worker.Fused{Heatmap: got.Heatmap, Score: got.Score})
	row := func(name string) worker.Fused {
		return all[slices.IndexFunc(rows, func(r Row) bool { return r.Name == name })]
	}
	for name, flags := range map[string]string{
		"whole method":              "",
		"base alone":                "--no-refine",
		"refined alone":             "--alpha 1",
		"no test-time conditioning": "--sampler parallel",
	} {
		want := runSpec(t, plan(flags))
		same(t, name, row(name), want)
	}
	// One timestep of a parallel run does not know of the others, so a run of it alone
	// is the row without fusion.
	want := runSpec(t, plan("--sampler parallel --timesteps 100 --scales 1"))
	same(t, "no fusion", row("model conditioning only, no fusion"), want)
	// No run has noise for a condition but by its settings.
	blind := plan("")
	var s settings
	if err := json.Unmarshal(blind.Settings, &s); err != nil {
		t.Fatal(err)
	}
	s.Condition = "noise"
	if blind.Settings, err = json.Marshal(s); err != nil {
		t.Fatal(err)
	}
	want = runSpec(t, blind)
	same(t, "no model conditioning", row("no model conditioning"), want)
	for i := range all {
		for j := range i {
			if slices.Equal(all[i].Heatmap.Val, all[j].Heatmap.Val) {
				t.Errorf("%q and %q are the same map", rows[i].Name, rows[j].Name)
			}
		}
	}

	for _, test := range []struct{ flags, want string }{
		{"--no-refine", "no refiner"},
		{"--rule max", "leave --rule out"},
		{"--rule paper --rule base", "leave --rule out"},
		{"--alpha 1", "alpha is 1"},
		{"--sampler parallel", "give --sampler ddim"},
	} {
		if _, _, err := Ablate(plan(test.flags)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.flags, err, test.want)
		}
	}
}

func TestSeveralRulesErrors(t *testing.T) {
	both, alone := untrained(t, "{"+uniad+","+unet+infer), untrained(t, "{"+uniad+infer)
	for _, test := range []struct{ file, flags, want string }{
		{both, "--rule max --rule max", "--rule max is there twice"},
		{both, "--rule max --rule best", `"best"`},
		{both, "--rule max --rule paper --rule-param a=1", "no plugin"},
		{both, "--rule max --rule none.wasm", "none.wasm"},
		{both, "--rule max --rule none.wasm --plugin-sha256 00", "2 rules, want one"},
		{both, "--rule max --rule none.wasm --plugin-failure builtin", "fails the image"},
		{alone, "--rule base --rule paper", ""},
	} {
		spec, err := Plan(test.file, flagsOf(t, test.flags), nil)
		if test.want != "" {
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%q: %v, want %q", test.flags, err, test.want)
			}
			continue
		}
		var beats atomic.Int32
		var notes []string
		spec.Device = "auto"
		if _, err := Open(t.Context(), spec, quiet(&beats, &notes)); err == nil || !strings.Contains(err.Error(), `rule "paper" needs a refiner`) {
			t.Errorf("%q: %v", test.flags, err)
		}
	}
}
