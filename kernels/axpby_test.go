package kernels

import "testing"

func TestAxpBy(t *testing.T) {
	x, z := array(2, 1, 1, 3, 1, 2, 3, 4, 5, 6), array(2, 1, 1, 3, 10, 20, 30, 40, 50, 60)
	for _, r := range []struct{ coef, want *Array }{
		{array(1, 1, 1, 2, 2, -0.5), array(2, 1, 1, 3, -3, -6, -9, -12, -15, -18)},
		{array(2, 1, 1, 2, 1, 0, 0, 1), array(2, 1, 1, 3, 1, 2, 3, 40, 50, 60)},
	} {
		wantClose(t, reference(t, AxpBy{}, x, z, r.coef), r.want, 0)
	}
}

func TestAxpByRefuses(t *testing.T) {
	x := Float(3, 4, 5, 6)
	wantRefused(t, []badShape{
		{AxpBy{}, []Tensor{x, Float(3, 4, 5, 7), Float(1, 1, 1, 2)}, "z is f32 3x4x5x7, want f32 3x4x5x6"},
		{AxpBy{}, []Tensor{x, x, Float(2, 1, 1, 2)}, "coefficients are 2x1x1x2"},
		{AxpBy{}, []Tensor{x, x, Float(1, 1, 1, 3)}, "coefficients are 1x1x1x3"},
		{AxpBy{}, []Tensor{x, x, Float(3, 1, 2, 2)}, "want 1x1x1x2 or 3x1x1x2"},
	})
}
