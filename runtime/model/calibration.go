package model

import (
	"fmt"
	"math"

	"github.com/drdc-dev/drdc/runtime/eval"
)

// Calibration is what the scores of normal images say of a model under its own
// settings; Config.Threshold is that of All.
type Calibration struct {
	// FalseAlarms is the rate of false alarms that was asked for.
	FalseAlarms float64 `json:"false_alarms"`
	// Images says which images it was: those of "train", "test/good", or both.
	Images  string                      `json:"images"`
	All     eval.Calibration            `json:"all"`
	Classes map[string]eval.Calibration `json:"classes"`
}

// Calibrated sets the threshold of a configuration, and what it comes from.
func (c Config) Calibrated(k Calibration) Config {
	c.Calibration, c.Threshold = &k, &k.All.Threshold
	return c
}

// Uncalibrated drops the threshold, which a new part of the model makes void.
func (c Config) Uncalibrated() Config {
	c.Calibration, c.Threshold = nil, nil
	return c
}

// validate names the first number without meaning.
func (k *Calibration) validate() error {
	if k == nil {
		return nil
	}
	if !(k.FalseAlarms > 0 && k.FalseAlarms < 1) {
		return fmt.Errorf("model: calibration: false_alarms %g, want between 0 and 1", k.FalseAlarms)
	}
	check := func(name string, s eval.Calibration) error {
		if s.Images < 1 {
			return fmt.Errorf("model: calibration: %s: images %d, want at least 1", name, s.Images)
		}
		if math.IsNaN(s.Threshold) || math.IsInf(s.Threshold, 0) {
			return fmt.Errorf("model: calibration: %s: threshold %g, want a finite one", name, s.Threshold)
		}
		return nil
	}
	if err := check("all", k.All); err != nil {
		return err
	}
	for name, s := range k.Classes {
		if err := check("class "+name, s); err != nil {
			return err
		}
	}
	return nil
}
