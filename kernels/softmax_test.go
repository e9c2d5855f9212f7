package kernels

import (
	"math"
	"testing"
)

func TestSoftmaxGolden(t *testing.T) { goldenImages[Softmax](t, "softmax") }

func TestSoftmaxExtremes(t *testing.T) {
	got := reference(t, Softmax{}, array(1, 1, 1, 3, 1e6, math.Inf(-1), 1e6))
	wantClose(t, got, array(1, 1, 1, 3, 0.5, 0, 0.5), 0)
}

// Hidden channels weigh exactly zero, also where all are hidden.
func TestSoftmaxMask(t *testing.T) {
	mask := array(1, 1, 2, 2, 0, -1e30, math.Inf(-1), -1e31)
	got := reference(t, Softmax{Mask: true}, array(1, 1, 2, 2, 1, 2, 3, 4), mask)
	wantClose(t, got, array(1, 1, 2, 2, 1, 0, 0, 0), 0)
}

func TestSoftmaxRefuses(t *testing.T) {
	wantRefused(t, []badShape{
		{Softmax{}, []Tensor{Uint(1, 1, 1, 3)}, "want f32"},
		{Softmax{Mask: true}, []Tensor{Float(2, 1, 5, 3), Float(2, 1, 5, 3)}, "mask 2x1x5x3, want 1x1x5x3"},
	})
}
