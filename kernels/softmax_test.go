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

func TestSoftmaxRefuses(t *testing.T) {
	wantRefused(t, []badShape{{Softmax{}, []Tensor{Uint(1, 1, 1, 3)}, "want f32"}})
}
