package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/weights"
	"github.com/drdc-dev/drdc/weights/safetensors"
)

// The checkpoints of testdata/golden/convert, made by gen_convert.py (the weights
// of models/common.py): one U-Net as PyTorch zip, PyTorch legacy and safetensors.
const checkpoints = "../../../testdata/golden/convert/"

// drdc runs a command line whose arguments may hold spaces.
func drdc(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	c := newCapture()
	code = run(context.Background(), c.environment, args)
	return code, c.out.String(), c.err.String()
}

func mustRun(t *testing.T, args ...string) (out, errs string) {
	t.Helper()
	code, out, errs := drdc(t, args...)
	if code != exitDone {
		t.Fatalf("drdc %s: exit code %d\n%s", strings.Join(args, " "), code, errs)
	}
	return out, errs
}

func TestConvertEqualTensorsGiveEqualModels(t *testing.T) {
	dir := t.TempDir()
	var first []byte
	for _, file := range []string{"unet.zip.pt", "unet.legacy.pt", "unet.safetensors"} {
		model := filepath.Join(dir, file+".drdc")
		mustRun(t, "convert", "--refiner", checkpoints+file, "--config", checkpoints+"config.json", "-o", model)
		data, err := os.ReadFile(model)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = data
		}
		if !bytes.Equal(data, first) {
			t.Errorf("%s gives another model file than unet.zip.pt", file)
		}
	}
}

// TestRunEqualsPyTorch compares the converted network with what PyTorch computed
// in float64: relative L2 error at most 2e-5 on the device, 1e-6 with the float64
// reference.
func TestRunEqualsPyTorch(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "unet.drdc")
	mustRun(t, "convert", "--refiner", checkpoints+"unet.legacy.pt", "--config", checkpoints+"config.json", "-o", model)
	want, _, err := safetensors.Load(checkpoints + "eps.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for device, bound := range map[string]float64{"auto": 2e-5, "reference": 1e-6} {
		out := filepath.Join(dir, device+".safetensors")
		mustRun(t, "run", model, "--net", "refiner", "--in", checkpoints+"in.safetensors", "--out", out, "--device", device)
		got, _, err := safetensors.Load(out)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0].Name != "eps" || !slices.Equal(got[0].Shape, want[0].Shape) {
			t.Fatalf("--device %s: outputs %v, want eps %v", device, got, want[0].Shape)
		}
		if d := distance(t, got[0], want[0]); !(d <= bound) {
			t.Errorf("--device %s: relative L2 error %.3g, bound %.0e", device, d, bound)
		} else {
			t.Logf("--device %s: relative L2 error %.3g", device, d)
		}
	}
}

// TestRunRepeat times every evaluation and writes what one alone writes.
func TestRunRepeat(t *testing.T) {
	dir := t.TempDir()
	model, once, again := filepath.Join(dir, "unet.drdc"), filepath.Join(dir, "once"), filepath.Join(dir, "again")
	mustRun(t, "convert", "--refiner", checkpoints+"unet.legacy.pt", "--config", checkpoints+"config.json", "-o", model)
	mustRun(t, "run", model, "--net", "refiner", "--in", checkpoints+"in.safetensors", "--out", once)
	code, _, errs := drdc(t, "run", model, "--net", "refiner", "--in", checkpoints+"in.safetensors", "--out", again, "--repeat", "2")
	if code != 0 || !regexp.MustCompile(`(?s)evaluation 1: \d+\.\d{3} s\n.*evaluation 3: \d+\.\d{3} s\n`).MatchString(errs) {
		t.Errorf("exit code %d, %q, want three times", code, errs)
	}
	a, err := os.ReadFile(once)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(again)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("the third evaluation differs from the first")
	}
}

func distance(t *testing.T, got, want weights.Array) float64 {
	t.Helper()
	a, err := got.Float32()
	if err != nil {
		t.Fatal(err)
	}
	b, err := want.Float32()
	if err != nil {
		t.Fatal(err)
	}
	var num, den float64
	for i := range b {
		d := float64(a[i]) - float64(b[i])
		num, den = num+d*d, den+float64(b[i])*float64(b[i])
	}
	return math.Sqrt(num / den)
}

// TestExportGivesTheTensorsBack writes a checkpoint with values that need all bits
// of f32, converts and exports it.
func TestExportGivesTheTensorsBack(t *testing.T) {
	dir := t.TempDir()
	original, _, err := safetensors.Load(checkpoints + "unet.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	var arrays []weights.Array
	for _, a := range original {
		values, err := a.Float32()
		if err != nil {
			t.Fatal(err)
		}
		for i := range values {
			values[i] += float32(i%97) * 1e-7
		}
		b, err := weights.FromFloat32("module."+a.Name, weights.F32, a.Shape, values)
		if err != nil {
			t.Fatal(err)
		}
		arrays = append(arrays, b)
	}
	source, model, back := filepath.Join(dir, "in.safetensors"), filepath.Join(dir, "m.drdc"), filepath.Join(dir, "out.safetensors")
	if err := weights.Replace(source, func(w io.Writer) error { return safetensors.Write(w, arrays, nil) }); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "convert", "--refiner", source, "--config", checkpoints+"config.json", "-o", model)
	mustRun(t, "export", model, "-o", back)
	got, _, err := safetensors.Load(back)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]weights.Array{}
	for _, a := range got {
		byName[a.Name] = a
	}
	if len(got) != len(arrays) {
		t.Errorf("%d tensors came back, %d went in", len(got), len(arrays))
	}
	for _, a := range arrays {
		b, ok := byName[a.Name]
		if !ok || b.DType != a.DType || !slices.Equal(b.Shape, a.Shape) || !bytes.Equal(b.Data, a.Data) {
			t.Errorf("tensor %q did not come back bit for bit", a.Name)
		}
	}
}

func TestInspect(t *testing.T) {
	model := filepath.Join(t.TempDir(), "unet.drdc")
	mustRun(t, "convert", "--refiner", checkpoints+"unet.safetensors", "--config", checkpoints+"config.json", "--dtype", "f16", "-o", model)
	out, _ := mustRun(t, "inspect", model, "--json", "--verify")
	var r struct {
		Digest        string
		FormatVersion int `json:"format_version"`
		Config        struct {
			ImageSize int `json:"image_size"`
			Refiner   struct {
				Arch          string
				ModelChannels int       `json:"model_channels"`
				ChannelMult   []float64 `json:"channel_mult"`
			}
		}
		Parts map[string]struct {
			Arch   string
			Params int
		}
		Tensors []struct {
			Name, DType string
			Shape       []int
			Bytes       int
			Stored      int `json:"stored_bytes"`
		}
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	params := 0
	for _, x := range r.Tensors {
		n := 1
		for _, d := range x.Shape {
			n *= d
		}
		params += n
	}
	p := r.Parts["refiner"]
	if len(r.Digest) != 64 || r.FormatVersion != weights.Version || r.Config.ImageSize != 16 || r.Config.Refiner.ModelChannels != 32 ||
		!slices.Equal(r.Config.Refiner.ChannelMult, []float64{1}) || p.Arch != "unet" || p.Params != params || params == 0 {
		t.Errorf("unexpected report: %s", out)
	}
}

func TestConvertErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	out := filepath.Join(dir, "m.drdc")
	unet := checkpoints + "unet.safetensors"
	tests := []struct {
		name string
		args []string
		err  []string
	}{
		{"no output", []string{"convert", "--refiner", unet}, []string{"-o MODEL"}},
		{"no network", []string{"convert", "-o", out}, []string{"--backbone, --base, --refiner or --random"}},
		{"unknown type", []string{"convert", "--refiner", unet, "--dtype", "f8", "-o", out}, []string{"--dtype", "f8"}},
		{"missing file", []string{"convert", "--refiner", dir + "/none.pt", "-o", out}, []string{"none.pt"}},
		{"not a checkpoint", []string{"convert", "--refiner", write("x.pt", "hello"), "-o", out}, []string{"x.pt", "neither safetensors nor"}},
		{"unknown key", []string{"convert", "--refiner", unet, "--config", write("a.json", `{"image_size": 16, "infer": {"cells": [4], "alhpa": 1}}`), "-o", out}, []string{"alhpa"}},
		{"size the depth does not divide", []string{"convert", "--refiner", unet, "--config", write("b.json", `{"image_size": 8}`), "-o", out}, []string{"image_size 8"}},
		{"a refiner as backbone", []string{"convert", "--backbone", unet, "-o", out}, []string{"unet.safetensors"}},
		{"random part that the configuration lacks", []string{"convert", "--random", "backbone", "--config", write("c.json", `{"image_size": 64, "refiner": {"channel_mult": [1, 1, 1, 1], "attention_ds": [8]}}`), "-o", out}, []string{"--random backbone"}},
		{"model that is none", []string{"inspect", unet}, []string{"unet.safetensors", "magic"}},
		{"net that is none", []string{"run", unet, "--net", "refiner", "--in", unet, "--out", out}, []string{"magic"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, _, errs := drdc(t, tt.args...)
			if code != exitUsage {
				t.Errorf("exit code %d, want %d", code, exitUsage)
			}
			for _, part := range tt.err {
				if !strings.Contains(errs, part) {
					t.Errorf("error %q does not contain %q", errs, part)
				}
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("a model was written")
			}
		})
	}
}

func TestRunErrors(t *testing.T) {
	dir := t.TempDir()
	model, out := filepath.Join(dir, "m.drdc"), filepath.Join(dir, "out.safetensors")
	mustRun(t, "convert", "--refiner", checkpoints+"unet.safetensors", "--config", checkpoints+"config.json", "-o", model)
	for name, tt := range map[string]struct{ net, in, err string }{
		"network the model lacks": {"backbone", "in.safetensors", "no backbone"},
		"unknown network":         {"head", "in.safetensors", `"head"`},
		"missing input":           {"refiner", "eps.safetensors", `needs "x"`},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := drdc(t, "run", model, "--net", tt.net, "--in", checkpoints+tt.in, "--out", out, "--device", "reference")
			if code != exitUsage || !strings.Contains(errs, tt.err) {
				t.Errorf("exit code %d, error %q, want %d and %q", code, errs, exitUsage, tt.err)
			}
		})
	}
}
