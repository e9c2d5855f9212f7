package kernels

import (
	"math"
	"testing"
)

func TestSelect(t *testing.T) {
	nan := math.NaN()
	for _, r := range []struct{ mask, a, b, want *Array }{
		{array(1, 1, 1, 3, 1, 0, -2), array(1, 1, 1, 3, 1, nan, 3), array(1, 1, 1, 3, nan, 5, nan), array(1, 1, 1, 3, 1, 5, 3)},
		{array(1, 1, 2, 1, 0, 1), array(2, 1, 2, 2, 1, 2, 3, 4, 5, 6, 7, 8), array(1, 1, 1, 1, 9), array(2, 1, 2, 2, 9, 9, 3, 4, 9, 9, 7, 8)},
		{array(2, 1, 1, 1, 0, 0.001), array(1, 1, 1, 2, 1, 2), array(1, 1, 1, 2, 3, 4), array(2, 1, 1, 2, 3, 4, 1, 2)},
	} {
		wantClose(t, reference(t, Select{}, r.mask, r.a, r.b), r.want, 0)
	}
}

func TestSelectRefuses(t *testing.T) {
	x := Float(2, 3, 4, 5)
	wantRefused(t, []badShape{
		{Select{}, []Tensor{x, x}, "2 inputs, want 3"},
		{Select{}, []Tensor{Uint(2, 3, 4, 5), x, x}, "input 0 is u32"},
		{Select{}, []Tensor{Float(3, 1, 1, 1), x, x}, "axis N is 2, want 1 or 3"},
		{Select{}, []Tensor{x, x, Float(2, 3, 4, 2)}, "axis C is 2, want 1 or 5"},
	})
}
