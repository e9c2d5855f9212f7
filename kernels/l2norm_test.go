package kernels

import "testing"

func TestL2NormGolden(t *testing.T) { goldenImages[L2Norm](t, "l2norm") }

func TestL2NormRefuses(t *testing.T) {
	x := Float(2, 3, 5, 7)
	wantRefused(t, []badShape{
		{L2Norm{}, nil, "0 inputs"},
		{L2Norm{}, []Tensor{x, x, x}, "3 inputs"},
		{L2Norm{}, []Tensor{x, Float(2, 3, 5, 8)}, "2x3x5x7 and 2x3x5x8 differ"},
	})
}
