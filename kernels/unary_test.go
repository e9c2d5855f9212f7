package kernels

import "testing"

// Goldens: gen_pointwise.py, seed 20240501.
func TestUnaryGolden(t *testing.T) { goldenImages[Unary](t, "unary") }

func TestUnaryRefuses(t *testing.T) {
	wantRefused(t, []badShape{
		{Unary{activations}, []Tensor{Float(1, 1, 1, 1)}, "activation 6, want one below 6"},
		{Unary{}, []Tensor{Half(1, 1, 1, 1)}, "input 0 is f16"},
	})
}
