package engine

import (
	"context"
	"encoding/json"
	"errors"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/weights"
	"github.com/spf13/pflag"
)

// The parts of small models, which differ from real ones in size only.
const (
	small = 32 // pixels
	unet  = `"refiner":{"model_channels":32,"channel_mult":[1,2],"num_res_blocks":1,"attention_ds":[2],"num_head_channels":32}`
	cnn   = `"backbone":{"arch":"mobilenet_v2"},`
	uniad = cnn + `"base":{"arch":"uniad","hidden_dim":32,"nhead":4,"encoder_layers":1,"decoder_layers":1,"dim_feedforward":64,"neighbor_size":[3,3],"feature_size":[4,4]}`
	bank  = cnn + `"base":{"arch":"bank","feature_size":[4,4],"size":40}`
	infer = `,"image_size":32,"threshold":0.5,"infer":{"timesteps":[250,100],"cells":[8],"scales":[1,2],"mean_filter":5}}`
)

// untrained writes a model with random tensors, the same for the same config.
func untrained(t *testing.T, config string) string {
	t.Helper()
	c, err := model.Parse([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	meta := weights.Meta{Config: json.RawMessage(config), Parts: map[string]weights.Part{}}
	var tensors []weights.Named
	part := func(name, arch string, sources []graph.Source) {
		meta.Parts[name] = weights.Part{Arch: arch}
		for _, s := range sources {
			tensors = append(tensors, weights.Named{Name: name + "." + s.Name, Shape: s.Shape, Data: random(name+s.Name, s.Shape)})
		}
	}
	if c.Base != nil {
		part("backbone", c.Backbone.Arch, c.Backbone.Tensors())
		part(c.Base.Part(), c.Base.Arch, c.Base.Tensors())
	}
	if c.Refiner != nil {
		part("refiner", c.Refiner.Arch, c.Refiner.Tensors())
	}
	name := filepath.Join(t.TempDir(), "model.drdc")
	if _, err := weights.Write(name, meta, tensors); err != nil {
		t.Fatal(err)
	}
	return name
}

// random keeps activations near 1: matrices by their width, vectors near 1, as
// scales and variances are.
func random(name string, shape []int) []float32 {
	n, width := 1, 1
	for i, d := range shape {
		n *= d
		if i > 0 {
			width *= d
		}
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	r := rand.New(rand.NewPCG(h.Sum64(), 1))
	data := make([]float32, n)
	for i := range data {
		if len(shape) > 1 {
			data[i] = float32(r.NormFloat64() / math.Sqrt(float64(width)))
		} else {
			data[i] = float32(0.5 + r.Float64())
		}
	}
	return data
}

func flagsOf(t *testing.T, line string) *Flags {
	t.Helper()
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	f := DeclareFlags(set)
	if err := set.Parse(strings.Fields(line)); err != nil {
		t.Fatal(err)
	}
	return f
}

func picture(t *testing.T) *imgio.RGB {
	t.Helper()
	img, err := imgio.NewRGB(40, 36)
	if err != nil {
		t.Fatal(err)
	}
	for i := range img.Pix {
		img.Pix[i] = uint8(i * i % 251)
	}
	return img
}

// runImage does one image.
func runImage(ctx context.Context, d worker.Detector, img *imgio.RGB) (worker.Result, error) {
	x, err := d.Prepare(img, [32]byte{1})
	if err != nil {
		return worker.Result{}, err
	}
	return x.Result(ctx)
}

// quiet is a Watch that counts.
func quiet(beats *atomic.Int32, notes *[]string) worker.Watch {
	note := func(text string) { *notes = append(*notes, text) }
	return worker.Watch{Beat: func() { beats.Add(1) }, Note: note, Warn: note}
}

// TestCombinations runs the four kinds of models on the GPU and in plain Go.
func TestCombinations(t *testing.T) {
	for _, test := range []struct{ name, config, flags, rule string }{
		{"uniad and refiner", "{" + uniad + "," + unet + infer, "", "paper"},
		{"bank and refiner", "{" + bank + "," + unet + infer, "--alpha 0.5 --rule max", "max"},
		{"uniad", "{" + uniad + infer, "", "base"},
		{"bank, its refiner left out", "{" + bank + "," + unet + infer, "--no-refine", "base"},
		{"refiner", "{" + unet + infer, "--sampler parallel --timesteps 200:100", "paper"},
	} {
		t.Run(test.name, func(t *testing.T) {
			spec, err := Plan(untrained(t, test.config), flagsOf(t, test.flags), nil)
			if err != nil {
				t.Fatal(err)
			}
			if spec.Rule != test.rule || spec.Threshold == nil || *spec.Threshold != 0.5 {
				t.Errorf("rule %q, threshold %v", spec.Rule, spec.Threshold)
			}
			spec.Profile = true
			img := picture(t)
			var got [2]worker.Result
			for i, device := range []string{"auto", Reference} {
				spec.Device = device
				var beats atomic.Int32
				var notes []string
				d, err := Open(t.Context(), spec, quiet(&beats, &notes))
				if err != nil {
					t.Fatal(err)
				}
				opened := beats.Load()
				if got[i], err = runImage(t.Context(), d, img); err != nil {
					t.Fatal(err)
				}
				if beats.Load() == opened || len(notes) == 0 || d.Info().Adapter == "" {
					t.Errorf("%s: %d beats, then %d, notes %q, %+v", device, opened, beats.Load(), notes, d.Info())
				}
				if len(d.Times()) == 0 {
					t.Errorf("%s: no times", device)
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
			h := got[0].Heatmap
			if h.W != small || h.H != small {
				t.Fatalf("heatmap of %dx%d", h.W, h.H)
			}
			span := slices.Max(h.Val) - slices.Min(h.Val)
			for i, v := range h.Val {
				// The bar across devices is 1e-3 of the range (promises, "Cross-device").
				if d := math.Abs(float64(v - got[1].Heatmap.Val[i])); !(d <= 1e-3*float64(span)) {
					t.Fatalf("value %d: %g on the device, %g in plain Go, range %g", i, v, got[1].Heatmap.Val[i], span)
				}
			}
		})
	}
}

func TestPlan(t *testing.T) {
	file := untrained(t, "{"+unet+infer)
	seed := uint64(9)
	for _, test := range []struct {
		flags string
		seed  *uint64
		want  string // part of the settings, or of the error
		bad   bool
	}{
		{"", nil, `"timesteps":[250,100]`, false},
		{"", nil, `"seed":0`, false},
		{"", &seed, `"seed":9`, false},
		{"--timesteps 250:100", nil, `"timesteps":[250,150,50]`, false},
		{"--timesteps 30,20,7", nil, `"timesteps":[30,20,7]`, false},
		{"--cells 4,8 --sets 3 --scales 1", nil, `"sets":3,"cells":[4,8],"scales":[1]`, false},
		{"--mean-filter 7 --alpha 0.25", nil, `"mean_filter":7,"alpha":0.25`, false},
		{"--sampler parallel --init noised_condition", nil, `"sampler":"parallel","init":"noised_condition"`, false},
		{"--timesteps 0:1", nil, "--timesteps", true},
		{"--timesteps 5:6", nil, "--timesteps", true},
		{"--timesteps 5,x", nil, "--timesteps", true},
		{"--timesteps 5,6", nil, "not descending", true},
		{"--timesteps 2000:100", nil, "timesteps: 2000", true},
		{"--alpha 2", nil, "alpha 2", true},
		{"--mean-filter 4", nil, "mean_filter 4", true},
		{"--cells 5", nil, "cells", true},
		{"--sets 1", nil, "sets", true},
		{"--rule best", nil, `"best"`, true},
		{"--no-refine", nil, "nothing", true},
		{"--sampler fast", nil, `"fast"`, true},
	} {
		spec, err := Plan(file, flagsOf(t, test.flags), test.seed)
		if test.bad {
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%q: error %v, want %q", test.flags, err, test.want)
			}
			continue
		}
		if err != nil || !strings.Contains(string(spec.Settings), test.want) {
			t.Errorf("%q: %v, settings %s, want %s", test.flags, err, spec.Settings, test.want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	spec, err := Plan(untrained(t, "{"+unet+infer), flagsOf(t, ""), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(*worker.Spec)
		is     error
		want   string
	}{
		{"no such adapter", func(s *worker.Spec) { s.Device = "99" }, worker.ErrNoDevice, "99"},
		{"model replaced", func(s *worker.Spec) { s.Digest = "other" }, nil, "has changed"},
		{"model gone", func(s *worker.Spec) { s.Model += "x" }, nil, "no such file"},
	} {
		s := spec
		s.Device = "auto"
		test.change(&s)
		var beats atomic.Int32
		var notes []string
		_, err := Open(context.Background(), s, quiet(&beats, &notes))
		if err == nil || test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
