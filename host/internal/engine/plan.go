package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/runtime/result"
	"github.com/drdc-dev/drdc/weights"
)

// settings are those of a result, with what only a row of the ablation sets.
type settings struct {
	result.Settings
	// OneMap leaves one map of the refined ones, the last timestep at the finest
	// scale; BaseScales are those of fusion.MultiScale.
	OneMap     bool  `json:"one_map,omitempty"`
	BaseScales []int `json:"base_scales,omitempty"`
}

// Plan reads the header of a model file and says what a worker is to run: its
// settings, the flags and, unless nil, the seed laid over those of the model. The
// first --rule is that of the result, the others are variants of it. Device and
// Save are left to the caller.
func Plan(file string, f *Flags, seed *uint64) (_ worker.Spec, err error) {
	w, err := weights.Open(file)
	if err != nil {
		return worker.Spec{}, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	c, err := model.Parse(w.Config())
	if err != nil {
		return worker.Spec{}, fmt.Errorf("%s: %w", file, err)
	}
	c, err = f.over(c)
	if err != nil {
		return worker.Spec{}, err
	}
	if seed != nil {
		c.Infer.Seed = *seed
	}
	if c.Infer.Rule == "" {
		c.Infer.Rule = "paper"
		if c.Refiner == nil {
			c.Infer.Rule = "base"
		}
	}
	if err := c.Validate(); err != nil {
		return worker.Spec{}, err
	}
	rules := f.rules
	if len(rules) == 0 {
		rules = []string{c.Infer.Rule}
	}
	variants, err := f.variants(c, rules)
	if err != nil {
		return worker.Spec{}, err
	}
	first := variants[0]
	return worker.Spec{
		Model: file, Digest: w.Digest(), Settings: first.Settings, Rule: first.Rule, Plugin: first.Plugin, Variants: variants[1:],
		Threshold: c.Threshold, Batch: f.batch,
	}, nil
}

// variants are one for each rule, on the settings of c.
func (f *Flags) variants(c model.Config, rules []string) ([]worker.Variant, error) {
	if err := f.checkPlugins(rules); err != nil {
		return nil, err
	}
	var list []worker.Variant
	for _, name := range rules {
		c.Infer.Rule = name
		v := worker.Variant{}
		var err error
		if v.Rule, v.Plugin, err = f.pluginOf(c.Infer); err != nil {
			return nil, err
		}
		var params []string
		if v.Plugin != nil {
			params = f.ruleParams
		}
		v.Name, c.Infer.Rule = v.Rule, v.Rule
		if slices.ContainsFunc(list, func(other worker.Variant) bool { return other.Name == v.Name }) {
			return nil, fmt.Errorf("--rule %s is there twice", name)
		}
		if v.Settings, err = json.Marshal(result.NewSettings(c, params)); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}
