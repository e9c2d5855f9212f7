package kernels

import (
	"math"
	"testing"
)

// A share near 1-P is kept, times 1/(1-P); streams and keys keep other places, and
// the same key the same.
func TestDropout(t *testing.T) {
	x, key := array(4, 8, 8, 16, 1), NewArray(Uint(1, 1, 1, 4))
	copy(key.Data, []float64{1, 2, 3, 4})
	const p = 0.3
	y := reference(t, Dropout{p, 0}, x, key)
	n, kept, same := float64(x.Shape.Elems()), 0.0, 0.0
	other := reference(t, Dropout{p, 1}, x, key)
	for i, v := range y.Data {
		if v != 0 {
			kept++
			if v != 1/(1-p) {
				t.Fatalf("a value of 1 became %g, want %g", v, 1/(1-p))
			}
			if other.Data[i] != 0 {
				same++
			}
		}
	}
	for _, c := range []struct{ got, want float64 }{{kept / n, 1 - p}, {same / n, (1 - p) * (1 - p)}} {
		if sigma := math.Sqrt(c.want * (1 - c.want) / n); !(math.Abs(c.got-c.want) <= 4*sigma) {
			t.Errorf("share %g, want %g within 4 sigma of %g", c.got, c.want, sigma)
		}
	}
	wantClose(t, reference(t, Dropout{p, 0}, x, key), y, 0)
}

func TestDropoutRefuses(t *testing.T) {
	x, key := Float(2, 1, 2, 4), Uint(1, 1, 1, 4)
	wantRefused(t, []badShape{
		{Dropout{P: 1}, []Tensor{x, key}, "probability 1"},
		{Dropout{P: math.NaN()}, []Tensor{x, key}, "probability NaN"},
		{Dropout{}, []Tensor{x, Uint(2, 1, 1, 4)}, "key is 2x1x1x4"},
		{Dropout{}, []Tensor{x, x}, "input 1 is f32"},
	})
}
