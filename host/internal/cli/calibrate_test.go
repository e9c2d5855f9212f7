package cli

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/host/internal/worker/workertest"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/weights"
)

// configOf reads the configuration of a model file.
func configOf(t *testing.T, file string) model.Config {
	t.Helper()
	f, err := weights.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := model.Parse(f.Config())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCalibrate calibrates on good images, and detect then finds the defects with the
// model's own threshold and calls no good image that was calibrated on anomalous.
func TestCalibrate(t *testing.T) {
	fakeWorkers(t, workertest.Fault{})
	data, before, after := parts(t), modelFile(t, "null"), filepath.Join(t.TempDir(), "after.drdc")
	out, _ := mustRun(t, "calibrate", "--json", "-m", before, "--data", data, "-o", after, "--false-alarms", "0.2", "--alpha", "0.5")
	var r calibrateReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	c := configOf(t, after)
	k := c.Calibration
	if r.Threshold != *c.Threshold || r.Threshold != k.All.Threshold || r.Digest == r.Was || r.Adapter == "" || k.FalseAlarms != 0.2 || k.Images != "test/good" {
		t.Errorf("report %+v, configuration %+v", r, c)
	}
	if len(k.Classes) != 2 || k.All.Images != 5 || k.Classes["plate"].Images != 3 || k.Classes["ring"].Images != 2 || k.Classes["plate"].Threshold >= k.Classes["ring"].Threshold {
		t.Errorf("calibration %+v", k)
	}
	if c.Infer.Alpha != 0.5 || configOf(t, before).Threshold != nil {
		t.Error("flags did not become settings, or the old model changed")
	}
	var d detectReport
	out, errs := mustRun(t, "detect", "--json", "-m", after, "-o", filepath.Join(t.TempDir(), "out"), filepath.Join(data, "plate/test"))
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatal(err)
	}
	if *d.Threshold != r.Threshold || *d.Anomalous != 3 || d.Images != 6 || strings.Contains(errs, "belongs to its own settings") {
		t.Errorf("detect: %+v, %s", d, errs)
	}
	results := filepath.Join(t.TempDir(), "ring")
	_, errs = mustRun(t, "detect", "-m", after, "-o", results, "--class", "ring", "--alpha", "0.9", filepath.Join(data, "ring/test"))
	row, err := os.ReadFile(filepath.Join(results, "results.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(k.Classes["ring"].Threshold)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(errs, "belongs to its own settings") || !strings.Contains(string(row), `"class":"ring"`) || !strings.Contains(string(row), `"threshold":`+string(want)) {
		t.Errorf("with --class: %s: %s", row, errs)
	}

	// In place, on the training half, with the scale of normal maps.
	_, errs = mustRun(t, "calibrate", "-m", after, "--data", data, "-o", after, "--split", "train", "--normalize", "train_quantile", "--rule", "refined")
	c = configOf(t, after)
	q := c.Infer.RefinedQuantiles
	if c.Infer.Normalize != "train_quantile" || q == nil || !(q.High > q.Median) || c.Infer.BaseQuantiles != nil || c.Calibration.All.Images != 2 || c.Calibration.Images != "train" {
		t.Errorf("configuration %+v, quantiles %+v", c, q)
	}
	if !strings.Contains(errs, "2 images promise no less than 33% of false alarms: 1% need 99") {
		t.Errorf("stderr %s", errs)
	}
	// The fake map of an image is not smoothed, so its largest 16 x 16 mean, on the new
	// scale, is the score that the threshold is next above.
	if s := c.Calibration.All; !(s.Max < s.Threshold && s.Threshold <= s.Max+1e-6*math.Abs(s.Max)) {
		t.Errorf("threshold %v above the largest score %v", s.Threshold, s.Max)
	}
}

func TestCalibrateErrors(t *testing.T) {
	data, file, good := parts(t), modelFile(t, "null"), t.TempDir()
	photo(t, filepath.Join(good, "0.png"), 110, 120)
	flat := t.TempDir()
	photo(t, filepath.Join(flat, "0.png"), 110, 110)
	for _, test := range []struct {
		name, args string
		fault      workertest.Fault
		code       int
		err        string
	}{
		{"no output", "-m " + file + " --data " + data, workertest.Fault{}, exitUsage, "calibrate needs"},
		{"rate", "-m M -o M --false-alarms 1 --data " + data, workertest.Fault{}, exitUsage, "--false-alarms 1"},
		{"split", "-m M -o M --split test --data " + data, workertest.Fault{}, exitUsage, `--split "test"`},
		{"normalize", "-m M -o M --normalize z --data " + data, workertest.Fault{}, exitUsage, `--normalize "z"`},
		{"no good test images", "-m " + file + " -o O --split test-good --data " + good, workertest.Fault{}, exitUsage, "no good images in its test half"},
		{"no refiner", "-m " + file + " -o O --no-refine --data " + data, workertest.Fault{}, exitUsage, "give --rule base"},
		{"two rules", "-m " + file + " -o O --rule max --rule paper --data " + data, workertest.Fault{}, exitUsage, "one --rule"},
		{"all alike", "-m " + file + " -o O --normalize train_quantile --data " + flat, workertest.Fault{}, exitUsage, "no scale to normalise by"},
		{"nothing done", "-m " + file + " -o O --data " + good, workertest.Fault{How: "error", Colour: 110}, exitUsage, "none of the 1 images"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fakeWorkers(t, test.fault)
			dir := t.TempDir()
			args := strings.Fields(test.args)
			if i := slices.Index(args, "O"); i >= 0 {
				args[i] = filepath.Join(dir, "out.drdc")
			}
			code, _, errs := drdc(t, append([]string{"calibrate", "-q"}, args...)...)
			if code != test.code || !strings.Contains(errs, test.err) {
				t.Errorf("exit code %d, want %d; stderr %q, want %q", code, test.code, errs, test.err)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("a model was written: %v (%v)", left, err)
			}
		})
	}
}
