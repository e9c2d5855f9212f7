package kernels

import "testing"

func TestDilate(t *testing.T) {
	got := reference(t, Dilate{[2]int{1, 2}}, array(1, 2, 2, 1, 1, 2, 3, 4))
	wantClose(t, got, array(1, 2, 3, 1, 1, 0, 2, 3, 0, 4), 0)
}

func TestDilateRefuses(t *testing.T) {
	wantRefused(t, []badShape{
		{Dilate{}, nil, "stride [0 0]"},
		{Dilate{[2]int{1 << 20, 1 << 20}}, []Tensor{Float(1, 9, 9, 4)}, "below 2^31 values"},
	})
}
