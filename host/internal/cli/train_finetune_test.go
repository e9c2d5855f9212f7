package cli

import (
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/runtime/dataset"
	"github.com/drdc-dev/drdc/runtime/diffusion"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/runtime/train"
	"github.com/drdc-dev/drdc/weights"
)

// TestFineTune goes on from the refiner of a model: the first loss is that of the model's
// weights, and the moving average begins with them.
func TestFineTune(t *testing.T) {
	dir := t.TempDir()
	data, first, second := filepath.Join(dir, "data"), filepath.Join(dir, "first.drdc"), filepath.Join(dir, "second.drdc")
	mustRun(t, "synth", "-q", "-o", data, "--classes", "2", "--train", "3", "--test", "0", "--size", "64")
	mustRun(t, "train", "refiner", "--data", data, "-o", first, "--dtype", "f32", "--seed", "5", "--size", "16", "--channels", "32", "--mult", "1",
		"--res-blocks", "1", "--head-channels", "32", "--cells", "4,8", "--batch", "2", "--ema", "0", "--lr", "1e-2", "--steps", "4")
	const ema, lr, seed = 0.9999, 1e-3, 9
	rest := []string{
		"train", "refiner", "--data", data, "-o", second, "--dtype", "f32", "--seed", strconv.Itoa(seed),
		"--cells", "4,8", "--batch", "2", "--ema", "0.9999", "--lr", "1e-3",
	}
	with := func(args ...string) []string { return slices.Concat(rest, args) }
	tune := func(args ...string) []string { return slices.Concat(rest, []string{"-m", first, "--fine-tune"}, args) }
	_, stderr := mustRun(t, tune("--steps", "1")...)
	given := tensorsOf(t, first)
	n := 0
	for _, v := range given {
		n += len(v.Data)
	}
	if want := "starts from the refiner of " + first + ": " + thousands(n) + " parameters"; !strings.Contains(stderr, want) {
		t.Errorf("notes %q, want %q", stderr, want)
	}
	loss, want := firstLoss(t, filepath.Join(dir, "second.csv")), lossOf(t, first, data, seed)
	t.Logf("loss of the first step %g, of the model %g", loss, want)
	if !(math.Abs(loss-want) <= 1e-5*want) {
		t.Errorf("loss of the first step %g, that of the model is %g", loss, want)
	}
	// The average is a ten-thousandth of the way to the weights after the step, which is
	// at most the learning rate long.
	tuned, stepped := tensorsOf(t, second), tensorsOf(t, filepath.Join(dir, "second.checkpoint.drdc"))
	moved := 0.0
	for name, v := range given {
		for i, x := range v.Data {
			moved = max(moved, math.Abs(float64(stepped[name].Data[i]-x)))
			if d := math.Abs(float64(tuned[name].Data[i] - x)); !(d <= 3*(1-ema)*lr+1e-6*math.Abs(float64(x))) {
				t.Fatalf("%s[%d] is %g, was %g", name, i, tuned[name].Data[i], x)
			}
		}
	}
	if !(moved > lr/2) {
		t.Errorf("no weight moved by more than %g in a step of %g", moved, lr)
	}
	// It goes on, and only as what it was.
	plain := with("-m", first, "--steps", "2", "--resume", "--channels", "32", "--mult", "1", "--res-blocks", "1", "--head-channels", "32")
	if code, _, errs := drdc(t, plain...); code != exitUsage || !strings.Contains(errs, "fine_tune was true, is not set") {
		t.Errorf("resumed without --fine-tune: exit code %d, %s", code, errs)
	}
	if _, errs := mustRun(t, tune("--steps", "2", "--resume")...); !strings.Contains(errs, "resumed after step 1") || strings.Contains(errs, "starts from") {
		t.Errorf("notes of a resumed run: %s", errs)
	}
	// What cannot be.
	config := filepath.Join(dir, "config.json")
	if err := os.WriteFile(config, []byte(`{"image_size": 16, "refiner": {"model_channels": 32, "channel_mult": [1, 2], "num_res_blocks": 1, "attention_ds": [], "num_head_channels": 32}, "infer": {"cells": [4], "scales": [1, 2], "mean_filter": 3}}`), 0o666); err != nil {
		t.Fatal(err)
	}
	text := `{"image_size": 16, "backbone": {"arch": "mobilenet_v2", "taps": [0]}}`
	bare, backbone := filepath.Join(dir, "bare.drdc"), filepath.Join(dir, "backbone.json")
	if err := os.WriteFile(backbone, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "convert", "-q", "--random", "backbone", "--config", backbone, "-o", bare)
	for name, tt := range map[string]struct {
		args []string
		err  string
	}{
		"no model":       {with("--fine-tune"), "--fine-tune needs -m MODEL"},
		"no refiner":     {with("--fine-tune", "-m", bare), bare + " has no refiner"},
		"other channels": {tune("--channels", "64"), "model_channels is 64 by flags or --config, 32 in " + first},
		"other levels":   {tune("--config", config), "channel_mult is [1,2] by flags or --config, [1] in " + first},
		"other size":     {tune("--size", "32"), "image_size is 32 by flags or --config, 16 in " + first},
		"other preset":   {tune("--preset", "adm"), "num_res_blocks is 2 by flags or --config, 1"},
		"other part":     {[]string{"train", "bank", "--data", data, "-m", bare, "-o", second, "--fine-tune"}, "no --fine-tune, it belongs to train refiner"},
	} {
		if code, _, errs := drdc(t, tt.args...); code != exitUsage || !strings.Contains(errs, tt.err) {
			t.Errorf("%s: exit code %d, error %q, want %q", name, code, errs, tt.err)
		}
	}
}

// tensorsOf reads the refiner of a model.
func tensorsOf(t *testing.T, path string) graph.Values {
	t.Helper()
	kept, err := keepFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return storeOf(kept.take("refiner"))
}

// firstLoss reads the loss of step 1 from the file of losses.
func firstLoss(t *testing.T, path string) float64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 2 || rows[0][2] != "loss" {
		t.Fatalf("%s: %v, %q", path, err, rows)
	}
	loss, err := strconv.ParseFloat(rows[1][2], 64)
	if err != nil {
		t.Fatal(err)
	}
	return loss
}

// lossOf is the loss of a model's refiner on the first two samples of a seed, from the
// U-Net's answer alone: without a trainer.
func lossOf(t *testing.T, path, data string, seed uint64) float64 {
	t.Helper()
	file, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	config, err := model.Parse(file.Config())
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	samples, err := set.Train()
	if err != nil {
		t.Fatal(err)
	}
	schedule, err := config.Refiner.Schedule()
	if err != nil {
		t.Fatal(err)
	}
	size := config.ImageSize
	training, err := diffusion.NewTraining(diffusion.TrainingConfig{Cells: []int{4, 8}, Sets: 2, MaxStep: diffusion.DefaultTraining().MaxStep}, schedule, size, 2)
	if err != nil {
		t.Fatal(err)
	}
	order, err := train.NewOrder(len(samples), seed)
	if err != nil {
		t.Fatal(err)
	}
	pixels := size * size * imgio.Lanes
	values, batch := make([]float32, 2*pixels), make([]diffusion.TrainingSample, 2)
	for i := range batch {
		batch[i] = training.Draw(diffusion.NewTrainingKey(seed, uint64(i)))
		img, err := samples[order.At(i)].Load(imgio.DefaultLimits())
		if err == nil {
			img, err = imgio.Resize(img, size, size)
		}
		if err == nil {
			err = imgio.Signed().Apply(values[i*pixels:(i+1)*pixels], img)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	dev, err := gpu.Open(t.Context(), gpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := graph.New()
	b := training.Build(g, config.Refiner.Trainee())
	g.Output("answer", b.Predicted)
	g.Output("noise", b.Noise)
	params := graph.NewParams(dev)
	exec := func() *graph.Exec {
		plan, err := g.Plan(graph.DeviceLimits(dev))
		if err == nil {
			err = params.Load(t.Context(), g, tensorsOf(t, path), nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		e, err := plan.Load(t.Context(), dev, params, nil)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}()
	defer func() {
		if err := errors.Join(exec.Close(), params.Close(), dev.Close()); err != nil {
			t.Error(err)
		}
	}()
	if err := errors.Join(training.Write(exec.Write, values, batch), exec.Submit()); err != nil {
		t.Fatal(err)
	}
	var out [2][]float32
	for i, name := range []string{"answer", "noise"} {
		if out[i], err = exec.ReadFloats(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	sum, n := 0.0, 0
	for i := range out[0] {
		if i%imgio.Lanes < 3 {
			d := float64(out[0][i]) - float64(out[1][i])
			sum += d * d
			n++
		}
	}
	return sum / float64(n)
}
