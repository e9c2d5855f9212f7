package kernels

import "testing"

func TestSumSquares(t *testing.T) {
	x := array(1, 1, 2, 3, 1, -2, 3, 0, 1, -1)
	wantClose(t, reference(t, SumSquares{}, x), array(1, 1, 1, 1, 16), 0)
	wantClose(t, reference(t, SumSquares{}, x, array(1, 1, 1, 1, 0.5)), array(1, 1, 1, 1, 16.5), 0)
}

func TestSumSquaresRefuses(t *testing.T) {
	x, one := Float(1, 1, 2, 4), Float(1, 1, 1, 1)
	wantRefused(t, []badShape{
		{SumSquares{}, nil, "0 inputs"},
		{SumSquares{}, []Tensor{x, x}, "sum f32 1x1x2x4"},
		{SumSquares{}, []Tensor{x, one, one}, "3 inputs"},
	})
}
