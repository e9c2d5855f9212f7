package kernels

import (
	"math"
	"testing"
)

func TestClamp(t *testing.T) {
	got := reference(t, Clamp{-1, 2}, array(1, 1, 1, 5, -3, -1, 0.5, 2, 7))
	wantClose(t, got, array(1, 1, 1, 5, -1, -1, 0.5, 2, 2), 0)
}

func TestClampRefuses(t *testing.T) {
	x := []Tensor{Float(1, 1, 1, 1)}
	wantRefused(t, []badShape{
		{Clamp{1, -1}, x, "clamp to [1, -1]"},
		{Clamp{float32(math.NaN()), 1}, x, "clamp to [NaN, 1]"},
	})
}
