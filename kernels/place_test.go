package kernels

import "testing"

func TestPlace(t *testing.T) {
	got := reference(t, Place{3, 1, 4}, array(1, 1, 2, 2, 1, 2, 3, 4))
	wantClose(t, got, array(1, 1, 2, 4, 0, 1, 2, 0, 0, 3, 4, 0), 0)
}

func TestPlaceRefuses(t *testing.T) {
	x := []Tensor{Float(1, 2, 3, 4)}
	wantRefused(t, []badShape{
		{Place{4, 0, 9}, x, "axis 4"},
		{Place{2, -1, 9}, x, "from -1 on along axis W"},
		{Place{2, 7, 9}, x, "from 7 on along axis W, which has 9"},
	})
}
