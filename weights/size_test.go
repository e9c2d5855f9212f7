package weights

import (
	"testing"
)

// Sizes against raw float32 on normal weights in the shapes of a convolution and a linear layer. The bounds are those that
// users compare with: f16 and quantised files of other programs take 0.50, 0.25 and 0.125.
func TestSize(t *testing.T) {
	shapes := [][]int{{128, 64, 3, 3}, {512, 256}, {1024, 256}, {96, 384}}
	for _, c := range []struct {
		dtype DType
		limit float64
	}{{F32, 0.90}, {F16, 0.44}, {BF16, 0.36}, {Int8, 0.24}, {Int4, 0.11}} {
		raw, tensors := 0, []Named{}
		for i, s := range shapes {
			n := 1
			for _, d := range s {
				n *= d
			}
			raw += 4 * n
			tensors = append(tensors, Named{Name: "base." + string(rune('a'+i)), DType: c.dtype, Shape: s, Data: gauss(uint64(i), n)})
		}
		ratio := float64(len(encodeFile(t, testMeta, tensors))) / float64(raw)
		t.Logf("%s: %.4f of float32", c.dtype, ratio)
		if ratio > c.limit {
			t.Errorf("%s: %.4f of float32, want at most %.2f", c.dtype, ratio, c.limit)
		}
	}
}
