package kernels

import (
	"math"
	"testing"
)

func TestLayerNormGolden(t *testing.T) { goldenImages[LayerNorm](t, "layernorm") }

func TestLayerNormRefuses(t *testing.T) {
	x, c := Float(2, 3, 5, 12), Float(1, 1, 1, 12)
	wantRefused(t, []badShape{
		{LayerNorm{1}, []Tensor{x, c}, "2 inputs, want 3"},
		{LayerNorm{-1}, []Tensor{x, c, c}, "eps -1"},
		{LayerNorm{float32(math.NaN())}, []Tensor{x, c, c}, "eps NaN"},
		{LayerNorm{1}, []Tensor{x, c, Float(1, 1, 1, 13)}, "beta 1x1x1x13, want 1x1x1x12"},
	})
}
