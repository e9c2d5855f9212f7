package kernels

import "testing"

// A 1x2 kernel over 1x3 pixels of two channels with one column of padding on the left.
func TestDepthwiseWeight(t *testing.T) {
	op := DepthwiseWeight{Kernel: [2]int{1, 2}, Stride: [2]int{1, 1}, Pad: [4]int{0, 1, 0, 0}}
	x, dy := array(1, 1, 3, 2, 1, 4, 2, 5, 3, 6), array(1, 1, 3, 2, 10, 1, 20, 2, 30, 3)
	wantClose(t, reference(t, op, x, dy), array(1, 2, 1, 2,
		1*20+2*30, 4*2+5*3, 1*10+2*20+3*30, 4*1+5*2+6*3), 0)
}

func TestDepthwiseWeightRefuses(t *testing.T) {
	op := DepthwiseWeight{Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}}
	x := Float(1, 5, 5, 4)
	wantRefused(t, []badShape{
		{op, []Tensor{x}, "1 inputs, want 2"},
		{op, []Tensor{x, x}, "gradient 1x5x5x4, want 1x3x3x4"},
		{op, []Tensor{Float(1, 2, 5, 4), x}, "kernel of 3x3 over an image of 2x5"},
		{op, []Tensor{Float(1, 5, 5, 1), Float(1, 3, 3, 1)}, "1 channels, want at least 2"},
	})
}
