package kernels

import "testing"

// TestPeakClosedForm compares the closed form with the chains written out.
func TestPeakClosedForm(t *testing.T) {
	for _, rounds := range []int{1, 2, 7, 60} {
		in, out := NewArray(Float(1, 1, 1, 4)), NewArray(Float(1, 1, 1, 4))
		copy(in.Data, []float64{1, -3, 0.25, 0})
		Peak{rounds}.Reference([]*Array{in}, []*Array{out})
		for i, x := range in.Data {
			sum := 0.0
			for j := range 3 {
				a := float64(j) * x / 2
				for range rounds {
					a = a/2 + x
				}
				sum += a
			}
			if d := out.Data[i] - sum; d > 1e-12 || d < -1e-12 {
				t.Errorf("%d rounds, x = %g: closed form %g, chains %g", rounds, x, out.Data[i], sum)
			}
		}
	}
}
