package kernels

import "testing"

// Goldens: gen_pointwise.py, seed 20240501.
func TestPadGolden(t *testing.T) { goldenImages[Pad](t, "pad") }

func TestPadRefuses(t *testing.T) {
	x := []Tensor{Float(1, 3, 4, 5)}
	wantRefused(t, []badShape{
		{Pad{Mode: padModes}, x, "pad mode 3"},
		{Pad{Left: -1}, x, "-1 added at the left"},
		{Pad{Bottom: 3, Mode: PadReflect}, x, "3 added at the bottom of 1x3x4x5 in mode reflect, limit 2"},
		{Pad{Right: 1 << 29}, x, "not below 2^31"},
	})
}
