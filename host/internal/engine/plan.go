package engine

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/runtime/result"
	"github.com/drdc-dev/drdc/weights"
)

// Plan reads the header of a model file and says what a worker is to run: its
// settings, the flags and, unless nil, the seed laid over those of the model.
// Of the result, Device and Save are left to the caller.
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
	rule, module, err := f.pluginOf(c.Infer)
	if err != nil {
		return worker.Spec{}, err
	}
	c.Infer.Rule = rule
	text, err := json.Marshal(result.NewSettings(c, f.ruleParams))
	if err != nil {
		return worker.Spec{}, err
	}
	return worker.Spec{
		Model: file, Digest: w.Digest(), Settings: text, Rule: rule, Plugin: module, Threshold: c.Threshold, Batch: f.batch,
	}, nil
}
