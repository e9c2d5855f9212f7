package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/runtime/imgio"
)

// TestTrainBankAndEval goes from nothing to figures: drawn parts, an untrained
// backbone, a bank of its features, and the metrics on the test half.
func TestTrainBankAndEval(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "config.json")
	if err := os.WriteFile(config, []byte(`{"image_size": 64, "backbone": {"arch": "mobilenet_v2", "taps": [0]}}`), 0o666); err != nil {
		t.Fatal(err)
	}
	data, backbone, bank, again := filepath.Join(dir, "data"), filepath.Join(dir, "backbone.drdc"), filepath.Join(dir, "bank.drdc"), filepath.Join(dir, "again.drdc")
	mustRun(t, "synth", "-q", "-o", data, "--classes", "2", "--train", "8", "--test", "6", "--size", "64")
	mustRun(t, "convert", "-q", "--random", "backbone", "--seed", "1", "--config", config, "-o", backbone)
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
	pictures := func(names ...string) string {
		folder := t.TempDir()
		for _, n := range names {
			var b bytes.Buffer
			img, err := imgio.NewRGB(20, 10)
			if err == nil {
				err = imgio.EncodePNG(&b, img)
			}
			if err == nil {
				err = os.WriteFile(filepath.Join(folder, n), b.Bytes(), 0o666)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		return folder
	}
	one, single, broken := pictures("a.png", "b.png"), pictures("a.png"), pictures("a.png")
	if err := os.WriteFile(filepath.Join(broken, "b.png"), []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		err  string
	}{
		"no part":          {[]string{"train"}, "wrong number of arguments"},
		"unknown part":     {[]string{"train", "bnak"}, "unknown part to train"},
		"no data":          {[]string{"train", "bank", "-m", "m.drdc", "-o", "o.drdc"}, "--data"},
		"no model":         {[]string{"train", "bank", "--data", dir, "-o", "o.drdc"}, "-m MODEL"},
		"no output":        {[]string{"train", "bank", "--data", dir, "-m", "m.drdc"}, "-o MODEL"},
		"coreset":          {[]string{"train", "bank", "--data", dir, "-m", "m.drdc", "-o", "o.drdc", "--coreset", "best"}, `"best"`},
		"small pool":       {[]string{"train", "bank", "--data", dir, "-m", "m.drdc", "-o", "o.drdc", "--pool", "10"}, "--pool 10"},
		"absent folder":    {[]string{"train", "refiner", "--data", filepath.Join(dir, "none"), "-o", "o.drdc"}, "none"},
		"foreign flag":     {[]string{"train", "refiner", "--data", dir, "-o", "o.drdc", "--grid", "4"}, "no --grid, it belongs to train bank"},
		"loop flag":        {[]string{"train", "bank", "--data", dir, "-m", "m.drdc", "-o", "o.drdc", "--epochs", "4"}, "train bank has no --epochs"},
		"preset":           {[]string{"train", "refiner", "--data", dir, "-o", "o.drdc", "--preset", "huge"}, `preset "huge"`},
		"channels":         {[]string{"train", "refiner", "--data", dir, "-o", "o.drdc", "--channels", "24"}, "model_channels 24, want a multiple of 32"},
		"cells":            {[]string{"train", "refiner", "--data", dir, "-o", "o.drdc", "--cells", "5"}, "5 does not divide the image size 224"},
		"t-max":            {[]string{"train", "refiner", "--data", dir, "-o", "o.drdc", "--t-max", "2000"}, "timestep 2000, want 1 to 1000"},
		"size of model":    {[]string{"train", "refiner", "--data", dir, "-o", "o.drdc", "-m", "../../../testdata/demo/model.drdc", "--size", "128", "--cells", "8"}, "image_size 128, the model's is 64"},
		"epochs and steps": {[]string{"train", "refiner", "--data", one, "-o", "o.drdc", "--epochs", "3", "--steps", "3"}, "exclude each other"},
		"schedule":         {[]string{"train", "refiner", "--data", one, "-o", "o.drdc", "--schedule", "square"}, `"square"`},
		"checkpoints":      {[]string{"train", "refiner", "--data", one, "-o", "o.drdc", "--checkpoint-minutes", "0"}, "--checkpoint-minutes 0"},
		"one image":        {[]string{"train", "refiner", "--data", single, "-o", "o.drdc"}, "want at least 2"},
		"no picture":       {[]string{"train", "refiner", "--data", broken, "-o", "o.drdc"}, "b.png"},
		"empty class":      {[]string{"train", "refiner", "--data", dir, "-o", "o.drdc"}, "no pictures"},
		"size of a bank":   {[]string{"train", "bank", "--data", dir, "-m", "m.drdc", "-o", "o.drdc", "--size", "64"}, "train bank has no --size"},
		"base alone":       {[]string{"train", "base", "--data", one, "-o", "o.drdc"}, "-m MODEL"},
		"dropout":          {[]string{"train", "base", "--data", one, "-o", "o.drdc", "-m", "../../../testdata/demo/model.drdc", "--dropout", "1"}, "dropout 1"},
		"jitter":           {[]string{"train", "base", "--data", one, "-o", "o.drdc", "-m", "../../../testdata/demo/model.drdc", "--jitter", "-1"}, "jitter -1"},
		"heads":            {[]string{"train", "base", "--data", one, "-o", "o.drdc", "-m", "../../../testdata/demo/model.drdc", "--hidden", "100"}, "hidden_dim 100 over nhead 8"},
		"neighbor":         {[]string{"train", "base", "--data", one, "-o", "o.drdc", "-m", "../../../testdata/demo/model.drdc", "--neighbor", "9"}, "nothing to attend to"},
		"base of broken":   {[]string{"train", "base", "--data", broken, "-o", filepath.Join(dir, "o.drdc"), "-m", "../../../testdata/demo/model.drdc"}, "b.png"},
		"base of one":      {[]string{"train", "base", "--data", single, "-o", "o.drdc", "-m", "../../../testdata/demo/model.drdc"}, "want at least 2"},
		"width":            {[]string{"train", "backbone", "--data", one, "-o", "o.drdc", "--width", "9"}, "width 9"},
		"taps":             {[]string{"train", "backbone", "--data", one, "-o", "o.drdc", "--taps", "5,2"}, "taps [5 2]"},
		"taps and size":    {[]string{"train", "backbone", "--data", one, "-o", "o.drdc", "--size", "36"}, "a multiple of the strides"},
		"absent model":     {[]string{"train", "bank", "--data", dir, "-m", filepath.Join(dir, "none.drdc"), "-o", "o.drdc"}, "none.drdc"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := drdc(t, tt.args...)
			if code != exitUsage || !strings.Contains(errs, tt.err) {
				t.Errorf("exit code %d, error %q, want %d and %q", code, errs, exitUsage, tt.err)
			}
		})
	}
}
