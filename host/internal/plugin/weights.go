package plugin

import (
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/wasm/abi"
)

// weigh puts alpha and the normalisation of each map into the weights of Eq. 17, as the built-in rules do: one kind of map alone
// has all the weight. NewRule has validated the configuration.
func weigh(c fusion.Config, refined, base bool) abi.Weights {
	alpha := c.Alpha
	switch {
	case !base:
		alpha = 1
	case !refined:
		alpha = 0
	}
	var w abi.Weights
	if refined {
		scale, shift := affine(c, c.RefinedQuantiles)
		w.Refined, w.Shift = float32(alpha)*scale, float32(alpha)*shift
	}
	if base {
		scale, shift := affine(c, c.BaseQuantiles)
		w.Base = float32(1-alpha) * scale
		w.Shift += float32(1-alpha) * shift
	}
	return w
}

// affine is the normalised form scale v + shift of a value v (method 4.6); 1, 0 where nothing is normalised.
func affine(c fusion.Config, q *fusion.Quantiles) (scale, shift float32) {
	if c.Normalize != fusion.NormalizeTrainQuantile || q == nil {
		return 1, 0
	}
	return float32(1 / (q.High - q.Median)), float32(-q.Median / (q.High - q.Median))
}
