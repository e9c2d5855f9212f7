package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTrainRefiner trains a tiny U-Net until a signal stops it, goes on for a step from
// the checkpoint with fewer values kept, and finds the parts of -m in the model beside it.
func TestTrainRefiner(t *testing.T) {
	dir := t.TempDir()
	data, backbone, out := filepath.Join(dir, "data"), filepath.Join(dir, "backbone.drdc"), filepath.Join(dir, "model.drdc")
	config := filepath.Join(dir, "config.json")
	text := `{"image_size": 16, "backbone": {"arch": "mobilenet_v2", "taps": [0]}, "infer": {"cells": [4], "scales": [1, 2], "mean_filter": 3}}`
	if err := os.WriteFile(config, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "synth", "-q", "-o", data, "--classes", "2", "--train", "3", "--test", "0", "--size", "64")
	mustRun(t, "convert", "-q", "--random", "backbone", "--config", config, "-o", backbone)
	args := []string{
		"train", "refiner", "--data", data, "-m", backbone, "-o", out, "--json", "--seed", "5", "--config", config,
		"--channels", "32", "--mult", "1", "--res-blocks", "1", "--head-channels", "32", "--cells", "4,8", "--batch", "2", "--ema", "0.9",
	}
	// A signal arrives after two steps.
	c := newCapture()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	losses := filepath.Join(dir, "model.csv")
	lines := func() int {
		text, err := os.ReadFile(losses)
		if err != nil {
			return 0
		}
		return strings.Count(string(text), "\n")
	}
	go func() {
		for ctx.Err() == nil && lines() < 3 {
			time.Sleep(time.Millisecond)
		}
		cancel(signalError{syscall.SIGTERM})
	}()
	if code := run(ctx, c.environment, append(args, "--steps", "100000")); code != exitTerminate || !strings.Contains(c.err.String(), "go on with the same command and --resume") {
		t.Fatalf("exit code %d, want %d:\n%s", code, exitTerminate, c.err.String())
	}
	steps := lines() - 1
	if code, _, errs := drdc(t, args...); code != exitUsage || !strings.Contains(errs, "--resume or --fresh") {
		t.Errorf("a second start: exit code %d, %s", code, errs)
	}
	if code, _, errs := drdc(t, append(args, "--resume", "--lr", "1e-3")...); code != exitUsage || !strings.Contains(errs, "adamw.LR was 0.0001, is 0.001") {
		t.Errorf("another learning rate: exit code %d, %s", code, errs)
	}
	if code, _, errs := drdc(t, append(args, "--resume", "--recompute", "-1")...); code != exitUsage || !strings.Contains(errs, "--recompute -1") {
		t.Errorf("fewer than no pieces: exit code %d, %s", code, errs)
	}
	profile := filepath.Join(dir, "profile.json")
	stdout, stderr := mustRun(t, append(args, "--steps", strconv.Itoa(steps+1), "--resume", "--recompute", "3", "--profile", profile)...)
	if all, less := activations(t, c.err.String()), activations(t, stderr); !(less < all) {
		t.Errorf("activations need %g MiB, and %g with --recompute", all, less)
	}
	var r struct {
		Model, Digest string
		Steps         int
		Complete      bool
		Loss          float64
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	// An untrained U-Net answers 0, so the loss begins near the variance of the noise.
	if r.Model != out || r.Digest == "" || r.Steps != steps+1 || lines() != steps+2 || !r.Complete || !(r.Loss > 0.5 && r.Loss < 1.3) {
		t.Errorf("unexpected report after %d steps: %s", steps, stdout)
	}
	var cost stepReport
	if text, err := os.ReadFile(profile); err != nil {
		t.Error(err)
	} else if err := json.Unmarshal(text, &cost); err != nil || !(cost.Step > 0) || len(cost.Kernels) < 10 || cost.Adapter == "" {
		t.Errorf("profile: %v\n%s", err, text)
	}
	if page, err := os.ReadFile(filepath.Join(dir, "model.html")); err != nil || !strings.Contains(string(page), `"cost":{"forward":`) {
		t.Errorf("the page lacks what a step costs (%v)", err)
	}
	stdout, _ = mustRun(t, "inspect", "--verify", "--json", out)
	var m struct {
		Config struct {
			Classes []string
			Refiner struct {
				ImageSize int `json:"image_size"`
			}
		}
		Parts map[string]struct{ Arch string }
	}
	if err := json.Unmarshal([]byte(stdout), &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Config.Classes) != 2 || m.Config.Refiner.ImageSize != 16 || len(m.Parts) != 2 || m.Parts["refiner"].Arch != "unet" || m.Parts["backbone"].Arch != "mobilenet_v2" {
		t.Errorf("unexpected model: %s", stdout)
	}
}

// activations reads the MiB of them from the notes of a training.
func activations(t *testing.T, notes string) float64 {
	t.Helper()
	_, rest, _ := strings.Cut(notes, "activations ")
	text, _, _ := strings.Cut(rest, " MiB")
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Errorf("no activations in the notes: %v\n%s", err, notes)
	}
	return n
}
