package kernels

import (
	"errors"
	"math"
	"testing"
)

func TestNearestRowByHand(t *testing.T) {
	x, bank := NewArray(Float(1, 1, 3, 2)), NewArray(Float(1, 1, 2, 2))
	copy(x.Row(0), []float64{3, 4})
	copy(x.Row(1), []float64{0, 2})
	copy(bank.Row(0), []float64{0, 1})
	copy(bank.Row(1), []float64{1, 0})
	for _, c := range []struct {
		op   NearestRow
		want [3]float64
	}{
		// (3, 4) is nearest to (1, 0), 2 right and 4 up; zero is 1 from both.
		{NearestRow{}, [3]float64{math.Sqrt(18), 1, 1}},
		// The angle of (3, 4) to (0, 1) has cosine 0.8.
		{NearestRow{Unit: true}, [3]float64{math.Sqrt(2 - 1.6), 0, 1}},
	} {
		y := NewArray(Float(1, 1, 3, 1))
		c.op.Reference([]*Array{x, bank}, []*Array{y})
		for i, w := range c.want {
			if got := y.At(0, 0, i, 0); math.Abs(got-w) > 1e-15 {
				t.Errorf("%+v: pixel %d: %g, want %g", c.op, i, got, w)
			}
		}
	}
}

func TestNearestRowErrors(t *testing.T) {
	for _, in := range [][]Tensor{
		{Float(1, 2, 2, 8)},
		{Float(1, 2, 2, 8), Float(1, 1, 9, 7)},
		{Float(1, 2, 2, 8), Float(2, 1, 9, 8)},
		{Float(1, 2, 2, 8), Float(1, 9, 1, 8)},
		{Float(1, 2, 2, 8), Half(1, 1, 9, 8)},
	} {
		if _, err := (NearestRow{}).Infer(in); !errors.Is(err, ErrShape) {
			t.Errorf("%v: %v, want ErrShape", in, err)
		}
	}
}
