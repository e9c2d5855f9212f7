package kernels

import "testing"

func TestRepeat(t *testing.T) {
	got := reference(t, Repeat{Shape{2, 1, 2, 2}, -2}, array(1, 1, 2, 1, 3, 5))
	wantClose(t, got, array(2, 1, 2, 2, -6, -6, -10, -10), 0)
}

func TestRepeatRefuses(t *testing.T) {
	x := []Tensor{Float(1, 2, 1, 4)}
	wantRefused(t, []badShape{
		{Repeat{Shape: Shape{1, 3, 1, 4}}, x, "1x2x1x4 does not repeat to 1x3x1x4"},
		{Repeat{Shape: Shape{1, 1, 1, 4}}, x, "1x2x1x4 does not repeat to 1x1x1x4"},
		{Repeat{Shape: Shape{0, 2, 1, 4}}, x, "does not repeat to 0x2x1x4"},
	})
}
