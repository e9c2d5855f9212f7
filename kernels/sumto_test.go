package kernels

import "testing"

func TestSumTo(t *testing.T) {
	x := array(2, 1, 2, 2, 1, 2, 3, 4, 5, 6, 7, 8)
	wantClose(t, reference(t, SumTo{Shape{1, 1, 2, 2}}, x), array(1, 1, 2, 2, 6, 8, 10, 12), 0)
	wantClose(t, reference(t, SumTo{Shape{2, 1, 1, 2}}, x), array(2, 1, 1, 2, 4, 6, 12, 14), 0)
}

func TestSumToRefuses(t *testing.T) {
	x := []Tensor{Float(2, 3, 4, 5)}
	wantRefused(t, []badShape{
		{SumTo{Shape{2, 2, 4, 5}}, x, "axis H is 2"},
		{SumTo{Shape{2, 3, 4, 1}}, x, "axis C is 1"},
	})
}
