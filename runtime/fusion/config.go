package fusion

import (
	"fmt"
	"math"
)

// Normalize says what is done to both maps before they are added (method 4.6).
type Normalize string

const (
	// NormalizeNone takes the maps as they are.
	NormalizeNone Normalize = "none"
	// NormalizeTrainQuantile subtracts the median of maps of normal images and divides
	// by the distance from it to their 99.5th percentile.
	NormalizeTrainQuantile Normalize = "train_quantile"
)

// Quantiles are statistics of the values of one kind of map over normal images.
type Quantiles struct {
	Median float64 `json:"median"`
	High   float64 `json:"high"` // the 99.5th percentile, above Median
}

// Config holds the parameters of the built-in rules.
type Config struct {
	MeanFilter int       `json:"mean_filter"` // m: pixels of a side of the box, odd (Eq. 16)
	Alpha      float64   `json:"alpha"`       // weight of the refined map, 0 to 1 (Eq. 17)
	Normalize  Normalize `json:"normalize"`
	// Of NormalizeTrainQuantile.
	RefinedQuantiles *Quantiles `json:"refined_quantiles,omitempty"`
	BaseQuantiles    *Quantiles `json:"base_quantiles,omitempty"`
}

// Default is method 0.2: a box of 21 pixels, 0.9 of the refined map, no normalisation.
func Default() Config { return Config{MeanFilter: 21, Alpha: 0.9, Normalize: NormalizeNone} }

const maxFilter = 4095

// Validate names the first field that has no meaning.
func (c Config) Validate() error {
	if c.MeanFilter < 1 || c.MeanFilter%2 == 0 || c.MeanFilter > maxFilter {
		return fmt.Errorf("fusion: mean_filter %d, want an odd number, 1 to %d", c.MeanFilter, maxFilter)
	}
	if !(c.Alpha >= 0 && c.Alpha <= 1) {
		return fmt.Errorf("fusion: alpha %g, want 0 to 1", c.Alpha)
	}
	switch c.Normalize {
	case NormalizeNone:
		return nil
	case NormalizeTrainQuantile:
	default:
		return fmt.Errorf("fusion: normalize %q, want %q or %q", c.Normalize, NormalizeNone, NormalizeTrainQuantile)
	}
	if c.RefinedQuantiles == nil && c.BaseQuantiles == nil {
		return fmt.Errorf("fusion: normalize %q needs refined_quantiles or base_quantiles, which calibration stores", c.Normalize)
	}
	for _, q := range []struct {
		name  string
		value *Quantiles
	}{{"refined_quantiles", c.RefinedQuantiles}, {"base_quantiles", c.BaseQuantiles}} {
		if v := q.value; v != nil && (!(v.High > v.Median) || math.IsInf(v.High-v.Median, 0)) {
			return fmt.Errorf("fusion: %s: high %g, want a finite one above median %g", q.name, v.High, v.Median)
		}
	}
	return nil
}

// Weights make the heatmap of Eq. 17 with both normalisations in it: Refined times the
// refined map plus Base times the base map plus Shift.
type Weights struct{ Refined, Base, Shift float32 }

// Weights returns the weights for the maps that there are: one map alone has all the
// weight. The error names the statistics that Normalize needs and c lacks.
func (c Config) Weights(refined, base bool) (Weights, error) {
	alpha := c.Alpha
	switch {
	case !base:
		alpha = 1
	case !refined:
		alpha = 0
	}
	var w Weights
	if refined {
		scale, shift, err := c.affine("refined_quantiles", c.RefinedQuantiles)
		if err != nil {
			return w, err
		}
		w.Refined, w.Shift = float32(alpha)*scale, float32(alpha)*shift
	}
	if base {
		scale, shift, err := c.affine("base_quantiles", c.BaseQuantiles)
		if err != nil {
			return w, err
		}
		w.Base = float32(1-alpha) * scale
		w.Shift += float32(1-alpha) * shift
	}
	return w, nil
}

// affine is a value v's normalised form scale v + shift, for a map of normal
// statistics q (method 4.6).
func (c Config) affine(name string, q *Quantiles) (scale, shift float32, err error) {
	if c.Normalize != NormalizeTrainQuantile {
		return 1, 0, nil
	}
	if q == nil {
		return 0, 0, fmt.Errorf("fusion: normalize %q needs %s", c.Normalize, name)
	}
	return float32(1 / (q.High - q.Median)), float32(-q.Median / (q.High - q.Median)), nil
}
