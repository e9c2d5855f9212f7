package kernels

import "testing"

// Goldens: gen_pointwise.py, seed 20240501.
func TestPermuteGolden(t *testing.T) { goldenImages[Permute](t, "permute") }

func TestPermuteRefuses(t *testing.T) {
	x := []Tensor{Float(2, 3, 4, 5)}
	wantRefused(t, []badShape{
		{Permute{}, x, "order [0 0 0 0], want each of 0 to 3 once"},
		{Permute{[4]int{0, 1, 2, 4}}, x, "order [0 1 2 4]"},
		{Permute{[4]int{-1, 1, 2, 3}}, x, "order [-1 1 2 3]"},
		{Permute{[4]int{3, 1, 2, 0}}, []Tensor{Float(1, 1, 1, 1<<30)}, "output f32 1073741824x1x1x1 is not below 2^31"},
	})
}
