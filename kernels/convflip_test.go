package kernels

import "testing"

func TestConvFlip(t *testing.T) {
	w := array(1, 2, 4, 2, 1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8, 0, 0, 0, 0) // two taps of 2 channels to 2
	got := reference(t, ConvFlip{Channels: 2}, w)
	wantClose(t, got, array(1, 2, 4, 2, 5, 7, 6, 8, 0, 0, 0, 0, 1, 3, 2, 4, 0, 0, 0, 0), 0)
}

func TestConvFlipDepthwise(t *testing.T) {
	got := reference(t, ConvFlip{Channels: 2, Depthwise: true}, array(2, 2, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8))
	wantClose(t, got, array(2, 2, 1, 2, 7, 8, 5, 6, 3, 4, 1, 2), 0)
}

func TestConvFlipRefuses(t *testing.T) {
	w := []Tensor{Float(3, 3, 8, 5)}
	wantRefused(t, []badShape{
		{ConvFlip{0, 9, false}, w, "9 rows from 0 on"},
		{ConvFlip{2, 4, false}, w, "4 rows from 2 on, a multiple of 4"},
		{ConvFlip{4, 5, false}, w, "5 rows from 4 on"},
		{ConvFlip{0, 5, true}, w, "depthwise weight 3x3x8x5"},
		{ConvFlip{0, 6, true}, []Tensor{Float(3, 3, 1, 5)}, "want [rows, columns, 1, 6]"},
	})
}
