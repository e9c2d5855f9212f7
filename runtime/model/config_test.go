package model

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// documented is the configuration of cli.md with the architectures that have
// defaults of their own.
const documented = `{"backbone": {"arch": "efficientnet_b4", "padding": "static380", "bn_eps": 0.001},
 "base":     {"arch": "uniad", "hidden_dim": 256, "nhead": 8, "encoder_layers": 4, "decoder_layers": 4, "dim_feedforward": 1024, "neighbor_size": [7, 7], "feature_size": [14, 14]},
 "refiner":  {"arch": "unet", "image_size": 224, "model_channels": 64, "channel_mult": [1, 1, 2, 2, 4, 4], "num_res_blocks": 2, "attention_ds": [8, 16, 32],
              "num_heads": 4, "num_head_channels": 64, "use_scale_shift_norm": true, "resblock_updown": true, "use_new_attention_order": false,
              "noise_schedule": "linear", "diffusion_steps": 1000},
 "infer":    {"timesteps": [250, 225, 200, 175, 150, 125, 100, 75, 50, 25], "sets": 2, "cells": [16], "scales": [1, 2, 4, 8], "mean_filter": 21, "alpha": 0.9,
              "sampler": "ddim", "init": "noised_original", "normalize": "none", "seed": 0},
 "image_size": 224, "threshold": null, "classes": [], "name": "", "licence": ""}`

func TestDefaults(t *testing.T) {
	want, err := Preset("small")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"documented": documented, "empty sections": `{"backbone": {}, "base": {}, "refiner": {}}`} {
		got, err := Parse([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// The architectures that were not chosen do not count.
		got.Base.Bank = want.Base.Bank
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	for _, text := range []string{
		documented,
		`{"backbone": {"arch": "mobilenet_v2"}, "base": {"arch": "bank", "metric": "cosine", "size": 77, "feature_size": [28, 28]}, "image_size": 128,
		  "infer": {"normalize": "train_quantile", "base_quantiles": {"median": 1, "high": 2.5}, "rule": "base"}, "threshold": 0.25, "classes": ["nut", "screw"],
		  "calibration": {"false_alarms": 0.01, "images": "test/good", "all": {"images": 3, "threshold": 0.25}, "classes": {"nut": {"images": 1, "threshold": 0.5, "q90": 0.4}}}}`,
		`{"refiner": {"model_channels": 32, "num_head_channels": 32, "channel_mult": [1, 2], "attention_ds": [2]}, "image_size": 64, "infer": {"cells": [8, 4], "sampler": "parallel"}}`,
	} {
		c, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		out, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(out)
		if err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if !reflect.DeepEqual(c, again) {
			t.Errorf("%+v came back as %+v", c, again)
		}
	}
}

func TestParts(t *testing.T) {
	c, err := Parse([]byte(`{"backbone": {"arch": "mobilenet_v2"}, "base": {"arch": "bank"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Refiner != nil || c.Base.Channels() != 192 || c.Base.Part() != "bank" || c.Base.FeatureSize() != [2]int{28, 28} {
		t.Errorf("bank: %+v", c)
	}
	if got := c.Base.Tensors(); len(got) != 1 || got[0].Name != "features" || !slices.Equal(got[0].Shape, []int{10_000, 192}) {
		t.Errorf("tensors of the bank: %v", got)
	}
	c, err = Parse([]byte(`{"refiner": {}, "image_size": 256}`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Base != nil || c.Backbone != nil || c.Refiner.ImageSize != 256 {
		t.Errorf("refiner alone: %+v", c)
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{"infre": {}}`:                              `unknown field "infre"`,
		`{"infer": {"alhpa": 1}}`:                    `unknown field "alhpa"`,
		`{"backbone": {"pad": 1}}`:                   `model: config: backbone: json: unknown field "pad"`,
		`{"backbone": {}, "base": {"metric": "l2"}}`: `model: config: base: json: unknown field "metric"`,
		`{"refiner": {"mc": 64}}`:                    `model: config: refiner: json: unknown field "mc"`,
		`{"refiner": {}} {}`:                         "text behind the JSON value",
		`[]`:                                         "model: config: json",
		`{}`:                                         "model: neither a backbone nor a base nor a refiner",
		`{"base": {}}`:                               "model: a base without a backbone",
		`{"backbone": {"arch": "vgg"}, "base": {}}`:                                   `model: backbone arch "vgg"`,
		`{"backbone": {}, "base": {"arch": "knn"}}`:                                   `model: base arch "knn", want "uniad" or "bank"`,
		`{"backbone": {}, "base": {"in_channels": 7}}`:                                "model: base: in_channels 7, the backbone has 272",
		`{"backbone": {}, "base": {"nhead": 7}}`:                                      "nhead 7",
		`{"refiner": {"arch": "dit"}}`:                                                `model: refiner arch "dit", want "unet"`,
		`{"refiner": {"image_size": 256}}`:                                            "model: refiner: image_size 256, the model's is 224",
		`{"refiner": {"in_channels": 3}}`:                                             "in_channels 3",
		`{"refiner": {"noise_schedule": "sigmoid"}}`:                                  `noise_schedule "sigmoid", want linear or cosine`,
		`{"refiner": {"diffusion_steps": 100}}`:                                       "timesteps: 250, want 1 to 100",
		`{"refiner": {}, "infer": {"cells": [5]}}`:                                    "cells: 5 does not divide the image size 224",
		`{"refiner": {}, "infer": {"scales": [1, 1]}}`:                                "scales: 1 is there twice",
		`{"refiner": {}, "infer": {"sets": 1}}`:                                       "sets 1, want 2 to the 196 cells",
		`{"refiner": {}, "infer": {"timesteps": [1, 2]}}`:                             "timesteps: 2 after 1, want descending",
		`{"refiner": {}, "infer": {"sampler": "ddpm"}}`:                               `sampler "ddpm"`,
		`{"refiner": {}, "infer": {"init": "noise"}}`:                                 `init "noise"`,
		`{"refiner": {}, "calibration": {}}`:                                          "calibration: false_alarms 0, want between 0 and 1",
		`{"refiner": {}, "calibration": {"false_alarms": 0.1, "all": {"images": 0}}}`: "calibration: all: images 0",
		`{"refiner": {}, "calibration": {"false_alarms": 0.1, "best": 1}}`:            `unknown field "best"`,
		`{"refiner": {}, "infer": {"condition": "no"}}`:                               `condition "no"`,
		`{"refiner": {}, "infer": {"alpha": 1.5}}`:                                    "alpha 1.5, want 0 to 1",
		`{"refiner": {}, "infer": {"mean_filter": 20}}`:                               "mean_filter 20, want an odd number",
		`{"refiner": {}, "infer": {"normalize": "z"}}`:                                `normalize "z"`,
		`{"refiner": {}, "infer": {"seed": -1}}`:                                      "cannot unmarshal number -1",
		`{"refiner": {}, "image_size": 8}`:                                            "image_size 8, want 16 to 4096",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
