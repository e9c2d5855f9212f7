package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/host/internal/worker/workertest"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/weights"
)

// TestMain lets the test binary be the worker, and the whole program.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == "detect" || os.Args[1] == "eval") {
		os.Exit(Main(Build{}, os.Args[1:]))
	}
	workertest.ServeIfAsked()
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		os.Exit(Main(Build{}, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// fakeWorkers makes the workers that this test starts run the fake detector.
func fakeWorkers(t *testing.T, fault workertest.Fault) {
	t.Helper()
	data, err := json.Marshal(fault)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(workertest.Variable, string(data))
}

// modelFile writes a model without tensors: the parent reads its header only.
func modelFile(t *testing.T, threshold string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "model.drdc")
	config := fmt.Sprintf(`{"refiner":{},"threshold":%s}`, threshold)
	one := weights.Named{Name: "refiner.one", Shape: []int{1}, Data: []float32{1}}
	_, err := weights.Write(name, weights.Meta{Config: json.RawMessage(config), Parts: map[string]weights.Part{"refiner": {Arch: "unet"}}}, []weights.Named{one})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// photo writes a plate whose spot has the given brightness; its first red value
// is first.
func photo(t *testing.T, name string, first, spot uint8) {
	t.Helper()
	img, err := imgio.NewRGB(40, 30)
	if err != nil {
		t.Fatal(err)
	}
	for i := range img.Pix {
		img.Pix[i] = 110
	}
	for i := range 30 {
		img.Pix[3*(15*40+5+i)] = spot
	}
	img.Pix[0] = first
	var b bytes.Buffer
	if err := imgio.EncodePNG(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDetect goes through the exit codes of the command, with the fake detector
// in worker processes.
func TestDetect(t *testing.T) {
	calibrated, bare := modelFile(t, "0.05"), modelFile(t, "null")
	good, mixed, empty := filepath.Join(t.TempDir(), "good"), filepath.Join(t.TempDir(), "mixed"), t.TempDir()
	photo(t, filepath.Join(good, "a.png"), 110, 120)
	photo(t, filepath.Join(mixed, "a.png"), 110, 120)
	photo(t, filepath.Join(mixed, "b.png"), 110, 250)
	crash := workertest.Fault{How: "abort", Colour: 110}
	for _, test := range []struct {
		name  string
		fault workertest.Fault
		line  string
		code  int
		err   string // part of stderr
	}{
		{"done", workertest.Fault{}, "-m " + calibrated + " " + mixed, exitDone, "2 images, 1 anomalous at a threshold of 0.05"},
		{"anomalies are no error unless asked for", workertest.Fault{}, "-m " + calibrated + " --fail-on-anomaly " + good, exitDone, "0 anomalous"},
		{"fail on anomaly", workertest.Fault{}, "-m " + calibrated + " --fail-on-anomaly " + mixed, exitAnomalies, "1 of 2 images are anomalous"},
		{"own threshold", workertest.Fault{}, "-m " + bare + " --threshold 0.0001 --fail-on-anomaly " + good, exitAnomalies, "1 of 1"},
		{"no threshold", workertest.Fault{}, "-m " + bare + " " + mixed, exitDone, "the model has no threshold"},
		{"fail without threshold", workertest.Fault{}, "-m " + bare + " --fail-on-anomaly " + mixed, exitUsage, "--fail-on-anomaly needs a threshold"},
		{"some failed", workertest.Fault{How: "error", Colour: 110}, "-m " + calibrated + " " + mixed, exitSomeFailed, "2 of 2 images failed"},
		{"crashes", crash, "-m " + calibrated + " " + good, exitSomeFailed, "worker crashed (exit status 2: SIGABRT: abort)"},
		{"no device", workertest.Fault{Open: "nodevice"}, "-m " + calibrated + " " + good, exitNoDevice, "no usable device"},
		{"broken model", workertest.Fault{Open: "error"}, "-m " + calibrated + " " + good, exitUsage, "model is broken"},
		{"no model", workertest.Fault{}, good, exitUsage, "detect needs -m MODEL"},
		{"missing model", workertest.Fault{}, "-m nowhere.drdc " + good, exitUsage, "nowhere.drdc"},
		{"missing images", workertest.Fault{}, "-m " + calibrated + " nowhere", exitUsage, "nowhere"},
		{"no images", workertest.Fault{}, "-m " + calibrated + " " + empty, exitUsage, "no images in"},
		{"bad save", workertest.Fault{}, "-m " + calibrated + " --save heat " + good, exitUsage, "--save heat: want some of heatmap,overlay,mask,raw"},
		{"bad threshold", workertest.Fault{}, "-m " + calibrated + " --threshold NaN " + good, exitUsage, `--threshold "NaN"`},
		{"bad steps", workertest.Fault{}, "-m " + calibrated + " --timesteps 25:250 " + good, exitUsage, "--timesteps"},
		{"bad cells", workertest.Fault{}, "-m " + calibrated + " --cells 15 " + good, exitUsage, "cells"},
		{"bad rule", workertest.Fault{}, "-m " + calibrated + " --rule best " + good, exitUsage, `"best"`},
		{"nothing left", workertest.Fault{}, "-m " + calibrated + " --no-refine " + good, exitUsage, "--no-refine leaves nothing"},
		{"worker flags without one", workertest.Fault{}, "-m " + calibrated + " --no-worker --watchdog 5s " + good, exitUsage, "--no-worker"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fakeWorkers(t, test.fault)
			c := newCapture()
			args := append(strings.Fields("detect -o "+filepath.Join(t.TempDir(), "out")), strings.Fields(test.line)...)
			if code := run(t.Context(), c.environment, args); code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if !strings.Contains(c.err.String(), test.err) {
				t.Errorf("stderr %q, want %q", c.err.String(), test.err)
			}
		})
	}
}

func TestDetectJSON(t *testing.T) {
	fakeWorkers(t, workertest.Fault{})
	in, out := filepath.Join(t.TempDir(), "in"), filepath.Join(t.TempDir(), "out")
	photo(t, filepath.Join(in, "a.png"), 110, 250)
	c := newCapture()
	profile := filepath.Join(t.TempDir(), "profile.json")
	line := []string{"detect", "--json", "--profile", profile, "--seed", "7", "--alpha", "0.5", "--timesteps", "100:50", "-m", modelFile(t, "0.05"), "-o", out, in}
	if code := run(t.Context(), c.environment, line); code != 0 {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	var r detectReport
	dec := json.NewDecoder(&c.out)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		t.Fatal(err)
	}
	if r.Images != 1 || r.Anomalous == nil || *r.Anomalous != 1 || r.Out != out || r.Adapter == "" || !strings.HasPrefix(r.Model, "") {
		t.Errorf("%+v", r)
	}
	var row struct {
		Settings struct {
			Seed      uint64
			Alpha     float64
			Timesteps []int
			Refine    bool
		}
	}
	data, err := os.ReadFile(filepath.Join(out, "results.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &row); err != nil {
		t.Fatal(err)
	}
	if s := row.Settings; s.Seed != 7 || s.Alpha != 0.5 || fmt.Sprint(s.Timesteps) != "[100 50]" || !s.Refine {
		t.Errorf("settings %+v", s)
	}
	if data, err := os.ReadFile(profile); err != nil || !json.Valid(data) {
		t.Errorf("profile %q: %v", data, err)
	}
}
