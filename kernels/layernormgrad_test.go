package kernels

import "testing"

// A gradient of equal values, or along the normalised input, moves nothing.
func TestLayerNormGrad(t *testing.T) {
	x, one := array(1, 1, 1, 4, -3, -1, 1, 3), array(1, 1, 1, 4, 1)
	op := LayerNormGrad{1e-12}
	zero := reference(t, op, x, one, one)
	for c, v := range zero.Row(0) {
		if !(abs64(v) <= 1e-12) {
			t.Errorf("dx[%d] of an equal gradient is %g, want 0", c, v)
		}
	}
	for c, v := range reference(t, op, x, one, x).Row(0) {
		if !(abs64(v) <= 1e-9) {
			t.Errorf("dx[%d] of a gradient along x is %g, want 0", c, v)
		}
	}
}

func abs64(v float64) float64 { return max(v, -v) }

func TestLayerNormGradRefuses(t *testing.T) {
	x, c := Float(1, 2, 3, 4), Float(1, 1, 1, 4)
	wantRefused(t, []badShape{
		{LayerNormGrad{}, []Tensor{x, c, x}, "eps 0"},
		{LayerNormGrad{1}, []Tensor{x, x, x}, "gamma 1x2x3x4"},
		{LayerNormGrad{1}, []Tensor{x, c, c}, "gradient is f32 1x1x1x4"},
	})
}
