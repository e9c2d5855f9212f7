package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTrainBackboneAndBase learns a tiny backbone from drawn parts, then a tiny
// transformer on its features; both runs are broken off and resumed, with the losses
// of one that was not.
func TestTrainBackboneAndBase(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	losses := func(name string) (columns [][]string) {
		t.Helper()
		text, err := os.ReadFile(file(name + ".csv"))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
			columns = append(columns, strings.Split(line, ",")[:4]) // all but rate and time
		}
		return columns
	}
	same := func(a, b string) {
		t.Helper()
		x, y := losses(a), losses(b)
		if len(x) != len(y) || len(x) < 3 {
			t.Fatalf("%d and %d lines of losses", len(x), len(y))
		}
		for i := range x {
			if strings.Join(x[i], " ") != strings.Join(y[i], " ") {
				t.Errorf("line %d: %v resumed, %v in one", i, y[i], x[i])
			}
		}
	}
	mustRun(t, "synth", "-q", "-o", file("data"), "--classes", "2", "--train", "3", "--test", "0", "--size", "64")
	train := func(part, out string, more ...string) string {
		t.Helper()
		line := append([]string{"train", part, "-q", "--data", file("data"), "-o", file(out + ".drdc"), "--seed", "3", "--schedule", "constant"}, more...)
		stdout, _ := mustRun(t, line...)
		return stdout
	}
	small := []string{"--size", "32", "--width", "0.25", "--taps", "0,2", "--batch", "2"}
	train("backbone", "whole", append(small, "--steps", "3")...)
	train("backbone", "backbone", append(small, "--steps", "2")...)
	train("backbone", "backbone", append(small, "--steps", "3", "--resume")...)
	same("whole", "backbone")

	base := []string{"-m", file("backbone.drdc"), "--hidden", "16", "--heads", "2", "--layers", "1", "--neighbor", "3", "--batch", "2"}
	var r struct {
		Steps int
		Loss  float64
	}
	if err := json.Unmarshal([]byte(train("base", "one", append(base, "--steps", "3", "--json")...)), &r); err != nil {
		t.Fatal(err)
	}
	if r.Steps != 3 || !(r.Loss > 0) {
		t.Errorf("unexpected report: %+v", r)
	}
	train("base", "model", append(base, "--steps", "2")...)
	// The second sitting finds the features: the pictures are not decoded again.
	before, err := os.Stat(file("model.features"))
	if err != nil {
		t.Fatal(err)
	}
	train("base", "model", append(base, "--steps", "3", "--resume")...)
	if after, err := os.Stat(file("model.features")); err != nil || !os.SameFile(before, after) {
		t.Errorf("the features were computed again: %v", err)
	}
	same("one", "model")
	for _, change := range []struct{ flag, value, want string }{
		{"--jitter", "3", "jitter was 20, is 3"}, {"--layers", "2", "encoder_layers was 1, is 2"},
	} {
		line := append([]string{"train", "base", "-q", "--data", file("data"), "-o", file("model.drdc"), "--seed", "3", "--schedule", "constant", "--resume"}, base...)
		if code, _, errs := drdc(t, append(line, "--steps", "4", change.flag, change.value)...); code != exitUsage || !strings.Contains(errs, change.want) {
			t.Errorf("other %s: exit code %d, %s", change.flag, code, errs)
		}
	}

	stdout, _ := mustRun(t, "inspect", "--verify", "--json", file("model.drdc"))
	var m struct {
		Config struct {
			ImageSize int `json:"image_size"`
			Classes   []string
			Backbone  struct{ Width float64 }
			Base      struct {
				FeatureSize [2]int `json:"feature_size"`
			}
		}
		Parts map[string]struct{ Arch string }
	}
	if err := json.Unmarshal([]byte(stdout), &m); err != nil {
		t.Fatal(err)
	}
	if c := m.Config; c.ImageSize != 32 || len(c.Classes) != 2 || c.Backbone.Width != 0.25 || c.Base.FeatureSize != [2]int{8, 8} ||
		len(m.Parts) != 2 || m.Parts["base"].Arch != "uniad" || m.Parts["backbone"].Arch != "mobilenet_v2" {
		t.Errorf("unexpected model: %s", stdout)
	}
}
