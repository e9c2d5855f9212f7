package fusion

import (
	"math"
	"slices"
	"testing"
)

// TestMultiScale checks what is plain to see: factor 1 is the map, a flat map stays
// flat, one area gives the mean everywhere, and a hand-computed ramp.
func TestMultiScale(t *testing.T) {
	const w, h = 8, 4
	m := make([]float32, w*h)
	for i := range m {
		m[i] = float32(i * i % 7)
	}
	if got := MultiScale(m, w, h, [2]int{4, 8}, []int{1}); !slices.Equal(got, m) {
		t.Errorf("factor 1: %v", got)
	}
	flat := slices.Repeat([]float32{3}, w*h)
	for i, v := range MultiScale(flat, w, h, [2]int{3, 5}, []int{1, 2, 4, 8}) {
		if math.Abs(float64(v-3)) > 1e-6 {
			t.Fatalf("flat: value %d is %g", i, v)
		}
	}
	mean := 0.0
	for _, v := range m {
		mean += float64(v) / (w * h)
	}
	for i, v := range MultiScale(m, w, h, [2]int{4, 8}, []int{8}) {
		if math.Abs(float64(v)-mean) > 1e-6 {
			t.Fatalf("one area: value %d is %g, want %g", i, v, mean)
		}
	}
	// Columns 0 1 2 3 4 5 6 7 over a grid of 4, halved: areas of 0..3 and 4..7 with
	// means 1.5 and 5.5, whose middles lie at 1.5 and 5.5.
	ramp := make([]float32, w*h)
	for i := range ramp {
		ramp[i] = float32(i % w)
	}
	want := []float32{1.5, 1.5, 2, 3, 4, 5, 5.5, 5.5}
	got := MultiScale(ramp, w, h, [2]int{2, 4}, []int{2})
	for i, v := range got {
		if math.Abs(float64(v-want[i%w])) > 1e-6 {
			t.Fatalf("ramp: %v, want rows of %v", got, want)
		}
	}
}
