package kernels

import "testing"

// Goldens: gen_pointwise.py, seed 20240501.
func TestPoolGolden(t *testing.T) { goldenImages[Pool](t, "pool") }

// TestPoolSteps checks which windows are pooled by rows and columns apart.
func TestPoolSteps(t *testing.T) {
	for _, r := range []struct {
		window, stride, steps int
	}{
		{1, 1, 1}, {2, 2, 1}, {3, 1, 1}, {3, 2, 1}, {16, 1, 2}, {16, 16, 1}, {7, 7, 1}, {5, 1, 2},
	} {
		op := Pool{Kind: PoolAvg, Window: [2]int{r.window, r.window}, Stride: [2]int{r.stride, r.stride}}
		in := []Tensor{Float(1, 224, 224, 1)}
		out, err := op.Infer(in)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := op.Record(DefaultTarget(), in, out)
		if err != nil || len(rec.Steps) != r.steps {
			t.Errorf("window %d, stride %d: %d steps, %v, want %d", r.window, r.stride, len(rec.Steps), err, r.steps)
		}
	}
}

func TestPoolRefuses(t *testing.T) {
	x := []Tensor{Float(1, 5, 6, 3)}
	one, two := [2]int{1, 1}, [2]int{2, 2}
	wantRefused(t, []badShape{
		{Pool{Kind: poolKinds, Window: two, Stride: one}, x, "pool kind 2"},
		{Pool{Window: [2]int{2, 0}, Stride: one}, x, "window [2 0], stride [1 1], want 1 to 32768"},
		{Pool{Window: two, Stride: [2]int{0, 1}}, x, "stride [0 1]"},
		{Pool{Window: two, Stride: one, Pad: [4]int{2, 0, 0, 0}}, x, "pad [2 0 0 0], want 0 to less than the window [2 2]"},
		{Pool{Window: two, Stride: one, Pad: [4]int{0, 0, 0, -1}}, x, "pad [0 0 0 -1]"},
		{Pool{Window: [2]int{1, 7}, Stride: one}, x, "window [1 7] is larger than 1x5x6x3"},
		{BoxFilter{4}, x, "size 4, want an odd one"},
		{BoxFilter{-1}, x, "size -1"},
	})
}
