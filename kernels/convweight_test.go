package kernels

import "testing"

// A 1x2 kernel over 1x3 pixels with one column of padding on the left.
func TestConvWeight(t *testing.T) {
	op := ConvWeight{Kernel: [2]int{1, 2}, Stride: [2]int{1, 1}, Pad: [4]int{0, 1, 0, 0}}
	x, dy := array(1, 1, 3, 1, 1, 2, 3), array(1, 1, 3, 1, 10, 20, 30)
	want := NewArray(Float(1, 2, 4, 1))
	want.Set(0, 0, 0, 0, 1*20+2*30)
	want.Set(0, 1, 0, 0, 1*10+2*20+3*30)
	wantClose(t, reference(t, op, x, dy), want, 0)
}

func TestConvWeightRefuses(t *testing.T) {
	op := ConvWeight{Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}}
	x := Float(1, 5, 5, 4)
	two := op
	two.Two = true
	wantRefused(t, []badShape{
		{op, []Tensor{x}, "1 inputs, want 2"},
		{op, []Tensor{x, Float(1, 5, 5, 4)}, "gradient 1x5x5x4, want 1x3x3x4"},
		{op, []Tensor{Float(1, 2, 5, 4), x}, "kernel of 3x3 over an image of 2x5"},
		{two, []Tensor{x, Float(1, 4, 5, 4), Float(1, 3, 3, 4)}, "second source is 1x4x5x4"},
	})
}
