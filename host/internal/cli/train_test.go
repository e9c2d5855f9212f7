package cli

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestTrainBankAndEval goes from nothing to figures: drawn parts, an untrained
// backbone, a bank of its features, and the metrics on the test half.
func TestTrainBankAndEval(t *testing.T) {
	dir := t.TempDir()
	data, backbone, bank, again := filepath.Join(dir, "data"), filepath.Join(dir, "backbone.drdc"), filepath.Join(dir, "bank.drdc"), filepath.Join(dir, "again.drdc")
	mustRun(t, "synth", "-q", "-o", data, "--classes", "2", "--train", "8", "--test", "6", "--size", "64")
	mustRun(t, "convert", "-q", "--random", "backbone", "--seed", "1", "--config", "../../../testdata/demo/demo.json", "-o", backbone)
	train := []string{"train", "bank", "-q", "--data", data, "-m", backbone, "--grid", "32", "--neighborhood", "1", "--per-class", "500"}
	mustRun(t, append(train, "-o", bank)...)
	mustRun(t, append(train, "-o", again)...)
	first, _ := mustRun(t, "inspect", bank, "--json")
	second, _ := mustRun(t, "inspect", again, "--json")
	if first != second {
		t.Error("the same training gave another model")
	}
	var model struct {
		Config struct {
			Base    struct{ Arch string }
			Classes []string
		}
		Parts map[string]struct{ Arch string }
	}
	if err := json.Unmarshal([]byte(first), &model); err != nil {
		t.Fatal(err)
	}
	if model.Config.Base.Arch != "bank" || len(model.Config.Classes) != 2 || model.Parts["bank"].Arch != "bank" || model.Parts["backbone"].Arch != "mobilenet_v2" {
		t.Errorf("unexpected model: %s", first)
	}

	out, _ := mustRun(t, "eval", "-q", "-m", bank, "--data", data, "--json")
	var r struct {
		Classes []struct {
			Name       string
			Images     int
			ImageAUROC *float64 `json:"image_auroc"`
			AUPRO      *float64 `json:"aupro"`
		}
		Mean struct {
			PixelAUROC *float64 `json:"pixel_auroc"`
		}
		Model, Adapter string
		Seconds        float64
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Classes) != 2 || r.Model == "" || r.Adapter == "" || !(r.Seconds > 0) || r.Mean.PixelAUROC == nil {
		t.Fatalf("unexpected report: %s", out)
	}
	for _, c := range r.Classes {
		if c.Images != 6 || c.ImageAUROC == nil || c.AUPRO == nil || *c.ImageAUROC < 0 || *c.ImageAUROC > 1 {
			t.Errorf("unexpected class: %+v", c)
		}
	}
	// Pixels of defects stand out even to random features.
	t.Logf("pixel AUROC %.3f", *r.Mean.PixelAUROC)
	if *r.Mean.PixelAUROC < 0.55 {
		t.Errorf("pixel AUROC %.3f, want at least 0.55; chance is 0.5", *r.Mean.PixelAUROC)
	}
}

func TestTrainErrors(t *testing.T) {
	dir := t.TempDir()
	for name, tt := range map[string]struct {
		args []string
		err  string
	}{
		"no part":      {[]string{"train"}, "wrong number of arguments"},
		"unknown part": {[]string{"train", "bnak"}, "unknown part to train"},
		"no data":      {[]string{"train", "bank", "-m", "m.drdc", "-o", "o.drdc"}, "--data"},
		"no model":     {[]string{"train", "bank", "--data", dir, "-o", "o.drdc"}, "-m MODEL"},
		"no output":    {[]string{"train", "bank", "--data", dir, "-m", "m.drdc"}, "-o MODEL"},
		"coreset":      {[]string{"train", "bank", "--data", dir, "-m", "m.drdc", "-o", "o.drdc", "--coreset", "best"}, `"best"`},
		"small pool":   {[]string{"train", "bank", "--data", dir, "-m", "m.drdc", "-o", "o.drdc", "--pool", "10"}, "--pool 10"},
		"absent model": {[]string{"train", "bank", "--data", dir, "-m", filepath.Join(dir, "none.drdc"), "-o", "o.drdc"}, "none.drdc"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := drdc(t, tt.args...)
			if code != exitUsage || !strings.Contains(errs, tt.err) {
				t.Errorf("exit code %d, error %q, want %d and %q", code, errs, exitUsage, tt.err)
			}
		})
	}
}
