package kernels

import "testing"

func TestBlend(t *testing.T) {
	got := reference(t, Blend{}, array(1, 1, 1, 2, 4, 8), array(1, 1, 1, 2, 1, -1), array(1, 1, 1, 2, 0.5, 3))
	wantClose(t, got, array(1, 1, 1, 2, 5, 1), 0)
}

func TestBlendRefuses(t *testing.T) {
	x := Float(1, 1, 2, 4)
	wantRefused(t, []badShape{
		{Blend{}, []Tensor{x, Float(1, 2, 1, 4), Float(1, 1, 1, 2)}, "x f32 1x2x1x4"},
		{Blend{}, []Tensor{x, x, x}, "coefficients 1x1x2x4"},
	})
}
