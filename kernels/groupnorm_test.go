package kernels

import "testing"

func TestGroupNormGolden(t *testing.T) { goldenImages[GroupNorm](t, "groupnorm") }

func TestGroupNormRefuses(t *testing.T) {
	x, c := Float(2, 3, 5, 12), Float(1, 1, 1, 12)
	wantRefused(t, []badShape{
		{GroupNorm{Groups: 5, Eps: 1}, []Tensor{x, c, c}, "5 groups of 12 channels"},
		{GroupNorm{Groups: 0, Eps: 1}, []Tensor{x, c, c}, "0 groups of 12 channels"},
		{GroupNorm{Groups: 4}, []Tensor{x, c, c}, "eps 0"},
		{GroupNorm{Groups: 4, Eps: 1, Act: activations}, []Tensor{x, c, c}, "activation 6"},
		{GroupNorm{Groups: 4, Eps: 1, Film: true}, []Tensor{x, c, c}, "3 inputs, want 4"},
		{GroupNorm{Groups: 4, Eps: 1}, []Tensor{x, Float(1, 1, 1, 4), c}, "gamma 1x1x1x4, want 1x1x1x12"},
		{GroupNorm{Groups: 4, Eps: 1, Film: true}, []Tensor{x, c, c, Float(1, 1, 1, 24)}, "scales and shifts 1x1x1x24, want 2x1x1x24"},
	})
}
