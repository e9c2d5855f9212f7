package kernels

import "testing"

func TestSlice(t *testing.T) {
	x := array(2, 2, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23)
	for _, r := range []struct {
		op   Slice
		want *Array
	}{
		{Slice{0, 1, 1}, array(1, 2, 2, 3, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23)},
		{Slice{1, 1, 1}, array(2, 1, 2, 3, 6, 7, 8, 9, 10, 11, 18, 19, 20, 21, 22, 23)},
		{Slice{2, 0, 1}, array(2, 2, 1, 3, 0, 1, 2, 6, 7, 8, 12, 13, 14, 18, 19, 20)},
		{Slice{3, 1, 2}, array(2, 2, 2, 2, 1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23)},
	} {
		wantClose(t, reference(t, r.op, x), r.want, 0)
	}
}

func TestSliceRefuses(t *testing.T) {
	x := []Tensor{Float(2, 3, 4, 5)}
	wantRefused(t, []badShape{
		{Slice{4, 0, 1}, x, "axis 4, want 0 to 3"},
		{Slice{-1, 0, 1}, x, "axis -1"},
		{Slice{3, 3, 3}, x, "3 values from 3 on, axis C of 2x3x4x5 has 5"},
		{Slice{1, -1, 2}, x, "2 values from -1 on, axis H"},
		{Slice{2, 0, 0}, x, "0 values from 0 on, axis W"},
		{Slice{0, 1 << 62, 1 << 62}, x, "axis N"},
	})
}
