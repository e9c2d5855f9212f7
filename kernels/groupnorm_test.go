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
		{GroupNorm{Groups: 4, Eps: 1, Film: true}, []Tensor{x, c, c, Float(3, 1, 1, 24)}, "scales and shifts 3x1x1x24, want 2x1x1x24, or 1 image"},
		{GroupNorm{Groups: 4, Eps: 1, Two: true}, []Tensor{x, c, c}, "3 inputs, want 4"},
		{GroupNorm{Groups: 4, Eps: 1, Two: true}, []Tensor{x, Float(1, 3, 5, 4), c, c}, "sources 2x3x5x12 and 1x3x5x4"},
		{GroupNorm{Groups: 1, Eps: 1, Two: true}, []Tensor{Float(2, 3, 5, 7), x, c, c}, "sources 2x3x5x7 and 2x3x5x12"},
		{GroupNorm{Groups: 4, Eps: 1, Two: true}, []Tensor{x, Float(2, 3, 5, 8), c, c}, "gamma 1x1x1x12, want 1x1x1x20"},
	})
}

// Two sources are what their concatenation is; a group spans both.
func TestGroupNormTwo(t *testing.T) {
	x, x2 := array(1, 1, 2, 4, 1, 2, 3, 4, 5, 6, 7, 8), array(1, 1, 2, 2, 9, -9, 8, -8)
	joint := array(1, 1, 2, 6, 1, 2, 3, 4, 9, -9, 5, 6, 7, 8, 8, -8)
	gamma, beta := array(1, 1, 1, 6, 1, 2, 3, 4, 5, 6), array(1, 1, 1, 6, 6, 5, 4, 3, 2, 1)
	film := array(1, 1, 1, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
	o := GroupNorm{Groups: 2, Eps: 1e-5, Film: true}
	want := reference(t, o, joint, gamma, beta, film)
	o.Two = true
	wantClose(t, reference(t, o, x, x2, gamma, beta, film), want, 0)
}

// One film for all images is the same film for each.
func TestGroupNormOneFilm(t *testing.T) {
	x := array(2, 1, 1, 2, 1, 2, -4, 8)
	gamma, beta := array(1, 1, 1, 2, 1, 2), array(1, 1, 1, 2, 3, 4)
	o := GroupNorm{Groups: 1, Eps: 1e-5, Film: true}
	want := reference(t, o, x, gamma, beta, array(2, 1, 1, 4, 1, 2, 3, 4, 1, 2, 3, 4))
	wantClose(t, reference(t, o, x, gamma, beta, array(1, 1, 1, 4, 1, 2, 3, 4)), want, 0)
}
