package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	c, err := f.configure(w, file, seed)
	if err != nil {
		return worker.Spec{}, err
	}
	c.Infer.Rule = c.Rule()
	threshold, class, err := f.product(c)
	if err != nil {
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
		Threshold: threshold, Class: class, Batch: f.batch,
	}, nil
}

// Configure returns the configuration of a model file with the flags and, unless nil,
// the seed laid over it.
func Configure(file string, f *Flags, seed *uint64) (_ model.Config, err error) {
	w, err := weights.Open(file)
	if err != nil {
		return model.Config{}, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return f.configure(w, file, seed)
}

func (f *Flags) configure(w *weights.File, file string, seed *uint64) (model.Config, error) {
	c, err := model.Parse(w.Config())
	if err != nil {
		return c, fmt.Errorf("%s: %w", file, err)
	}
	if c, err = f.over(c); err != nil {
		return c, err
	}
	if seed != nil {
		c.Infer.Seed = *seed
	}
	return c, c.Validate()
}

// product is the threshold that counts and the class that results name: those of
// Flags.Class, or of the only class that the model knows.
func (f *Flags) product(c model.Config) (threshold *float64, class string, err error) {
	switch {
	case f.Class == "" && len(c.Classes) == 1:
		return c.Threshold, c.Classes[0], nil
	case f.Class == "":
		return c.Threshold, "", nil
	case len(c.Classes) > 0 && !slices.Contains(c.Classes, f.Class):
		return nil, "", fmt.Errorf("--class %q: the model knows %s", f.Class, strings.Join(c.Classes, ", "))
	}
	if c.Calibration != nil {
		if k, ok := c.Calibration.Classes[f.Class]; ok {
			return &k.Threshold, f.Class, nil
		}
	}
	return c.Threshold, f.Class, nil
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
