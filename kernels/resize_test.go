package kernels

import "testing"

// Goldens: gen_pointwise.py, seed 20240501.
func TestResizeGolden(t *testing.T) { goldenImages[Resize](t, "resize") }

func TestResizeRefuses(t *testing.T) {
	x := []Tensor{Float(1, 4, 4, 3)}
	wantRefused(t, []badShape{
		{Resize{Mode: resizeModes, H: 1, W: 1}, x, "resize mode 2"},
		{Resize{AlignCorners: true, H: 1, W: 1}, x, "resize mode 0, align corners true"},
		{Resize{H: 0, W: 4}, x, "resize 1x4x4x3 to 0x4, want extents of 1 to 32768"},
		{Resize{H: 4, W: 32769}, x, "to 4x32769"},
		{Resize{H: 4, W: 4}, []Tensor{Float(1, 40000, 1, 1)}, "resize 1x40000x1x1"},
		{Resize{H: 32768, W: 32768}, x, "not below 2^31"},
	})
}
