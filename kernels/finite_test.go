package kernels

import (
	"math"
	"testing"
)

func TestFinite(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, r := range []struct {
		name         string
		in           *Array
		count, first float64
	}{
		{"none", array(1, 1, 2, 5, 1, -math.MaxFloat32, 0), 0, math.MaxUint32},
		{"in the second vector", array(1, 1, 2, 5, 0, 0, 0, 0, nan, 1, 1, 1, 1, 1), 1, 1},
		{"all kinds", array(1, 1, 2, 5, 0, 0, 0, 0, 0, inf, -inf, nan, 1, nan), 4, 2},
	} {
		got := reference(t, Finite{}, r.in).Data
		if got[0] != r.count || got[1] != r.first || got[2] != 0 || got[3] != 0 {
			t.Errorf("%s: %v, want [%v %v 0 0]", r.name, got, r.count, r.first)
		}
	}
}

func TestFiniteRefuses(t *testing.T) {
	wantRefused(t, []badShape{{Finite{}, []Tensor{Uint(1, 1, 1, 4)}, "want f32"}})
}
