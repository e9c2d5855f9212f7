package diffusion

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

func newTraining(t *testing.T, c TrainingConfig, batch int) *Training {
	t.Helper()
	s, err := NewSchedule("linear", 1000)
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewTraining(c, s, testSize, batch)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// textSample draws a training sample as doc.go has it.
func textSample(c TrainingConfig, k0, k1 int64) (cell, set, timestep int) {
	var list []int64
	below := func(n int64) int {
		for {
			w := textPhilox(int64(len(list)/4), 0, 4<<24, 0, k0, k1)[len(list)%4]
			list = append(list, w)
			if w < 1<<32-(1<<32)%n {
				return int(w % n)
			}
		}
	}
	cell = c.Cells[below(int64(len(c.Cells)))]
	return cell, below(int64(c.Sets)), 1 + below(int64(c.MaxStep))
}

// TestTrainingBatch composes a batch on the device and again by the second
// implementation: Eq. 4 and 10 with the same random numbers.
func TestTrainingBatch(t *testing.T) {
	ctx := context.Background()
	dev := openDevice(t)
	c := TrainingConfig{Cells: []int{4, 8, 2}, Sets: 3, MaxStep: 500}
	const batch, first, seed = 5, 1000, 7
	l := newTraining(t, c, batch)
	n := newNetwork()
	g := graph.New()
	b := l.Build(g, n)
	values := map[string]graph.Value{"image": b.Image, "condition": b.Condition, "noisy": b.Noisy, "noise": b.Noise, "predicted": b.Predicted}
	for name, v := range values {
		g.Output(name, v)
	}
	plan, err := g.Plan(graph.DeviceLimits(dev))
	if err != nil {
		t.Fatal(err)
	}
	params := graph.NewParams(dev)
	defer params.Close()
	if err := params.Load(ctx, g, n.store(), nil); err != nil {
		t.Fatal(err)
	}
	e, err := plan.Load(ctx, dev, params, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var images []float32
	var pictures []picture
	samples := make([]TrainingSample, batch)
	for i := range samples {
		samples[i] = l.Draw(NewTrainingKey(seed, uint64(first+i)))
		p, padded := testImage(i)
		pictures, images = append(pictures, p), append(images, padded...)
	}
	if err := l.Write(e.Write, images, samples); err != nil {
		t.Fatal(err)
	}
	if err := e.Submit(); err != nil {
		t.Fatal(err)
	}
	got := map[string][]float32{}
	for name := range values {
		data, err := e.Read(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		got[name] = kernels.Decode32(data)
	}
	abar := func(t int) float64 { return l.schedule.AlphaBar(t) }
	for i, s := range samples {
		var seedBytes []byte
		for j := range 8 {
			seedBytes = append(seedBytes, byte(seed>>(8*j)))
		}
		k0, k1 := textKey(seedBytes, int64(first+i))
		cell, set, step := textSample(c, k0, k1)
		if s.Cell != cell || s.Set != set || s.Timestep != step {
			t.Fatalf("sample %d is %+v, the text has cell %d, set %d, timestep %d", i, s, cell, set, step)
		}
		x0 := pictures[i]
		hidden := plainHidden(k0, k1, cell, c.Sets, set, testSize)
		fill, noise := plainNoise(k0, k1, 2, cell, set, 0, testSize), plainNoise(k0, k1, 3, cell, set, step, testSize)
		xc, xt := newPicture(testSize), newPicture(testSize)
		for j := range xc.v {
			if xc.v[j] = x0.v[j]; hidden[j/3] {
				xc.v[j] = fill.v[j]
			}
			xt.v[j] = math.Sqrt(abar(step))*x0.v[j] + math.Sqrt(1-abar(step))*noise.v[j]
		}
		want := map[string]picture{"image": x0, "condition": xc, "noisy": xt, "noise": noise, "predicted": n.plain(xt, xc, step)}
		for name, w := range want {
			for j, v := range w.v {
				at := (i*testSize*testSize+j/3)*4 + j%3
				// Values of size 5 in float32, 54 of them in a sum.
				if d := math.Abs(float64(got[name][at]) - v); !(d <= 2e-5) {
					t.Fatalf("sample %d, %s[%d] is %g, want %g", i, name, j, got[name][at], v)
				}
			}
		}
		from := i * testSize * testSize * 4
		back := l.Denoised(got["noisy"][from:from+testSize*testSize*4], got["noise"][from:from+testSize*testSize*4], step)
		for j, v := range x0.v {
			// The error of x_t over the share of the image that is left in it.
			if d := math.Abs(float64(back[j/3*4+j%3]) - v); !(d <= 2e-5/math.Sqrt(abar(step))) {
				t.Fatalf("sample %d: the true noise gives %g, want %g", i, back[j/3*4+j%3], v)
			}
		}
	}
}

// TestTrainingDraw counts what is drawn: cell sizes, sets and timesteps are equally
// likely, samples differ, and the same key draws the same.
func TestTrainingDraw(t *testing.T) {
	c := TrainingConfig{Cells: []int{4, 16}, Sets: 2, MaxStep: 10}
	l := newTraining(t, c, 1)
	const n = 20000
	counts := map[[3]int]int{}
	for i := range n {
		s := l.Draw(NewTrainingKey(1, uint64(i)))
		if s != l.Draw(NewTrainingKey(1, uint64(i))) {
			t.Fatal("drawn twice, a sample differs")
		}
		counts[[3]int{s.Cell, s.Set, s.Timestep}]++
	}
	if len(counts) != 40 {
		t.Errorf("%d combinations, want 40", len(counts))
	}
	for what, k := range counts {
		// 500 each with a deviation of 22: six of them.
		if k < 368 || k > 632 {
			t.Errorf("%v drawn %d times of %d, want about %d", what, k, n, n/40)
		}
	}
	if NewTrainingKey(1, 2) == NewTrainingKey(2, 1) {
		t.Error("seed and sample are exchangeable")
	}
}

func TestTrainingRefuses(t *testing.T) {
	s, err := NewSchedule("linear", 1000)
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*TrainingConfig, *int){
		"up to timestep 0":    func(c *TrainingConfig, _ *int) { c.MaxStep = 0 },
		"up to timestep 1001": func(c *TrainingConfig, _ *int) { c.MaxStep = 1001 },
		"5 does not divide":   func(c *TrainingConfig, _ *int) { c.Cells = []int{4, 5} },
		"cells: none":         func(c *TrainingConfig, _ *int) { c.Cells = nil },
		"sets 1":              func(c *TrainingConfig, _ *int) { c.Sets = 1 },
		"batch 0, want 1":     func(_ *TrainingConfig, batch *int) { *batch = 0 },
		"4 is there twice":    func(c *TrainingConfig, _ *int) { c.Cells = []int{4, 4} },
	} {
		c, batch := DefaultTraining(), 1
		c.Cells = slices.Clone(c.Cells)
		change(&c, &batch)
		if _, err := NewTraining(c, s, testSize, batch); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	l := newTraining(t, DefaultTraining(), 2)
	if err := l.Write(nil, make([]float32, 7), make([]TrainingSample, 2)); err == nil || !strings.Contains(err.Error(), "7 values") {
		t.Errorf("a short batch: %v", err)
	}
}
