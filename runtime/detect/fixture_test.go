package detect

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/runtime/model/modeltest"
)

// Sections of the models of the tests: the real architectures, small.
const (
	backboneSection = `"backbone": {"arch": "mobilenet_v2", "taps": [2, 5]}`
	uniadSection    = `"base": {"arch": "uniad", "hidden_dim": 32, "nhead": 2, "encoder_layers": 1, "decoder_layers": 1, "dim_feedforward": 48, "neighbor_size": [3, 3], "feature_size": [8, 8]}`
	bankSection     = `"base": {"arch": "bank", "metric": "cosine", "feature_size": [8, 8], "size": 70}`
	refinerSection  = `"refiner": {"model_channels": 32, "channel_mult": [1, 1], "num_res_blocks": 1, "attention_ds": [], "num_head_channels": 32}`
	inferSection    = `"infer": {"timesteps": [250, 100], "sets": 2, "cells": [8, 4], "scales": [1, 2, 4], "mean_filter": 5, "seed": 5}`
)

// testModel makes a model of sections with the weights of modeltest.
func testModel(t *testing.T, sections ...string) Model {
	t.Helper()
	c, err := model.Parse([]byte("{" + strings.Join(append(sections, inferSection, `"image_size": 32`), ",") + "}"))
	if err != nil {
		t.Fatal(err)
	}
	s := parts{}
	if c.Backbone != nil {
		s["backbone"] = modeltest.Store{Prefix: "backbone.", Sources: c.Backbone.Tensors()}
	}
	if c.Base != nil {
		s[c.Base.Part()] = modeltest.Store{Prefix: c.Base.Part() + ".", Sources: c.Base.Tensors()}
	}
	if c.Refiner != nil {
		s["refiner"] = modeltest.Store{Prefix: "refiner.", Sources: c.Refiner.Tensors()}
	}
	return Model{Config: c, Store: s, Digest: "test"}
}

// parts is a Store of stores by the name of the part.
type parts map[string]graph.Store

// Float32 implements graph.Store.
func (p parts) Float32(ctx context.Context, name string) ([]float32, []int, error) {
	part, _, _ := strings.Cut(name, ".")
	s := p[part]
	if s == nil {
		return nil, nil, fmt.Errorf("no part %q", part)
	}
	return s.Float32(ctx, name)
}

// changed is a Store with some tensors changed: by the end of their name.
type changed struct {
	graph.Store
	name   string
	change func(v []float32)
	seen   *int
}

// Float32 implements graph.Store.
func (c changed) Float32(ctx context.Context, name string) ([]float32, []int, error) {
	v, shape, err := c.Store.Float32(ctx, name)
	if err == nil && strings.HasSuffix(name, c.name) {
		c.change(v)
		*c.seen++
	}
	return v, shape, err
}

// picture is an image of 70x60 pixels; n makes another one.
func picture(t *testing.T, n int) *imgio.RGB {
	t.Helper()
	m, err := imgio.NewRGB(70, 60)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Pix {
		x, y, c := i/3%70, i/210, i%3
		m.Pix[i] = uint8(127 + 100*math.Sin(float64(x*(c+1)+y*y/(n+5))/11))
	}
	return m
}

func digestOf(n int) [32]byte { return imgio.Digest([]byte{byte(n)}) }

// openDevice opens the best adapter with at most so many bytes; a missing one fails
// the test.
func openDevice(t *testing.T, memory uint64) *gpu.Device {
	t.Helper()
	limits := gpu.DefaultLimits()
	dev, err := gpu.Open(context.Background(), gpu.Options{Limits: &limits, MemoryLimit: memory})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

func open(t *testing.T, dev *gpu.Device, m Model, o Options) *Detector {
	t.Helper()
	d, err := Open(context.Background(), dev, m, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func detect(t *testing.T, d *Detector, n int) *Result {
	t.Helper()
	r, err := d.Detect(context.Background(), picture(t, n), digestOf(n))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
