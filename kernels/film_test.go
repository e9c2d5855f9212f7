package kernels

import "testing"

func TestFiLM(t *testing.T) {
	x := array(2, 1, 1, 3, 1, 2, 3)
	film := array(2, 1, 1, 6, 0, 1, -1, 10, 20, 30, 1, 1, 1, 0, 0, 0.5)
	got := reference(t, FiLM{}, x, film)
	wantClose(t, got, array(2, 1, 1, 3, 11, 24, 30, 2, 4, 6.5), 0)
	got = reference(t, FiLM{}, array(2, 1, 1, 1, 1, 2), array(1, 1, 1, 2, 1, 10))
	wantClose(t, got, array(2, 1, 1, 1, 12, 14), 0)
}

func TestFiLMRefuses(t *testing.T) {
	wantRefused(t, []badShape{
		{FiLM{}, []Tensor{Float(2, 3, 5, 7)}, "1 inputs, want 2"},
		{FiLM{}, []Tensor{Float(2, 3, 5, 7), Float(2, 1, 1, 7)}, "scales and shifts 2x1x1x7, want 2x1x1x14, or 1 image"},
	})
}
