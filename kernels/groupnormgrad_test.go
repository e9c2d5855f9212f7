package kernels

import "testing"

// With one group of a layer's channels and one pixel it is the gradient of layer norm.
func TestGroupNormGrad(t *testing.T) {
	x, gamma, dy := array(1, 1, 1, 4, 2, -1, 5, 3), array(1, 1, 1, 4, 1, 2, 0.5, -1), array(1, 1, 1, 4, 3, 1, -2, 7)
	got := reference(t, GroupNormGrad{Norm: GroupNorm{Groups: 1, Eps: 1e-5}}, x, gamma, array(1, 1, 1, 4, 9), dy)
	wantClose(t, got, reference(t, LayerNormGrad{1e-5}, x, gamma, dy), 1e-24)
}

func TestGroupNormGradRefuses(t *testing.T) {
	x, c := Float(1, 2, 3, 4), Float(1, 1, 1, 4)
	op := GroupNormGrad{Norm: GroupNorm{Groups: 2, Eps: 1e-5}}
	wantRefused(t, []badShape{
		{op, nil, "no inputs"},
		{op, []Tensor{x, c, c, c}, "gradient is f32 1x1x1x4"},
		{GroupNormGrad{Norm: GroupNorm{Groups: 3, Eps: 1e-5}}, []Tensor{x, c, c, x}, "3 groups of 4 channels"},
	})
}
