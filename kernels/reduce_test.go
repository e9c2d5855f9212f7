package kernels

import "testing"

func TestReduceGolden(t *testing.T) { goldenImages[Reduce](t, "reduce") }

func TestReduceRefuses(t *testing.T) {
	x := []Tensor{Float(2, 3, 5, 7)}
	wantRefused(t, []badShape{
		{Reduce{Op: reduceOps}, x, "reduction 4"},
		{Reduce{Axes: reduceAxes}, x, "axes 3"},
		{Reduce{}, append(x, x...), "2 inputs, want 1"},
	})
}
