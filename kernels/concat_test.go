package kernels

import "testing"

// Goldens: gen_pointwise.py, seed 20240501.
func TestConcatGolden(t *testing.T) { goldenImages[Concat](t, "concat") }

func TestConcatRefuses(t *testing.T) {
	x := Float(2, 3, 4, 5)
	wantRefused(t, []badShape{
		{Concat{}, []Tensor{x}, "1 inputs, want 2 or more"},
		{Concat{}, []Tensor{x, x, Float(2, 3, 5, 5)}, "input 2 is 2x3x5x5, want N, H and W of 2x3x4x5"},
		{Concat{}, []Tensor{x, Uint(2, 3, 4, 5)}, "input 1 is u32"},
		{Concat{}, []Tensor{Float(1, 1<<14, 1<<14, 4), Float(1, 1<<14, 1<<14, 4)}, "not below 2^31"},
	})
}
