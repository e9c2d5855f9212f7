package train

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/weights"
)

func named(t *testing.T, name string) golden {
	t.Helper()
	for _, c := range goldens(t) {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no golden %q", name)
	return golden{}
}

func start(t *testing.T, p *Plan, load func() (*Trainer, error)) *Trainer {
	t.Helper()
	tr, err := load()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	})
	return tr
}

// TestResume saves after four steps, forgets the trainer and goes on from the file:
// losses, norms and the average are the same bit for bit as without the break.
func TestResume(t *testing.T) {
	ctx := context.Background()
	dev := open(t)
	for _, name := range []string{"convolutions, three passes for a step", "uniad", "unet"} {
		t.Run(name, func(t *testing.T) {
			c := named(t, name)
			o := c.options()
			o.EMA = 0.9
			p := plan(t, dev, c, o)
			tr := start(t, p, func() (*Trainer, error) { return p.Load(ctx, dev, c.store(), nil) })
			var want []Result
			path := filepath.Join(t.TempDir(), "checkpoint.drdc")
			for range 7 {
				if tr.Steps() == 4 {
					meta := weights.Meta{Parts: map[string]weights.Part{strings.TrimSuffix(c.prefix, "."): {Arch: "test"}}}
					if err := tr.Save(ctx, path, meta); err != nil {
						t.Fatal(err)
					}
				}
				want = append(want, c.step(t, tr))
			}
			f, err := weights.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			again := plan(t, dev, c, o)
			resumed := start(t, again, func() (*Trainer, error) { return again.Resume(ctx, dev, f, nil) })
			for i := 4; i < 7; i++ {
				if got := c.step(t, resumed); got != want[i] {
					t.Errorf("resumed: %+v, want %+v", got, want[i])
				}
			}
			a, b := tensors(t, tr, true), tensors(t, resumed, true)
			now := tensors(t, tr, false)
			moved := false
			for name, v := range a {
				for i := range v {
					if v[i] != b[name][i] {
						t.Fatalf("%s[%d]: average %g, resumed %g", name, i, v[i], b[name][i])
					}
					moved = moved || v[i] != now[name][i]
				}
			}
			if !moved {
				t.Error("the average is the same as the weights")
			}
		})
	}
}

func tensors(t *testing.T, tr *Trainer, averaged bool) map[string][]float32 {
	t.Helper()
	list, err := tr.Tensors(context.Background(), averaged)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string][]float32{}
	for _, n := range list {
		m[n.Name] = n.Data
	}
	return m
}

// TestKeep trains one tensor: it moves, the others come back as they were stored.
func TestKeep(t *testing.T) {
	ctx := context.Background()
	dev := open(t)
	c := named(t, "convolutions")
	o := c.options()
	o.Keep = func(p graph.Param) bool { return p.Name == "net.conv3.weight" }
	p := plan(t, dev, c, o)
	tr := start(t, p, func() (*Trainer, error) { return p.Load(ctx, dev, c.store(), nil) })
	c.step(t, tr)
	got := tensors(t, tr, false)
	if len(got) != len(c.sources) {
		t.Errorf("%d tensors, want %d", len(got), len(c.sources))
	}
	for name, v := range got {
		before, _, err := c.store().Float32(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		same := true
		for i := range v {
			same = same && v[i] == before[i]
		}
		if want := name != "net.conv3.weight"; same != want {
			t.Errorf("%s unchanged: %t, want %t", name, same, want)
		}
	}
}

// TestAverage follows the weights by hand.
func TestAverage(t *testing.T) {
	for _, test := range []struct {
		name   string
		warmup bool
		shares [3]float64
	}{
		{"constant", false, [3]float64{0.15, 0.15, 0.15}},
		{"warm-up", true, [3]float64{1.0 / 10, 0.15, 0.15}}, // 2/11 is more than 0.15
	} {
		t.Run(test.name, func(t *testing.T) { testAverage(t, test.warmup, test.shares) })
	}
}

func testAverage(t *testing.T, warmup bool, shares [3]float64) {
	ctx := context.Background()
	dev := open(t)
	c := named(t, "convolutions")
	o := c.options()
	o.EMA, o.Warmup = 0.15, warmup
	p := plan(t, dev, c, o)
	tr := start(t, p, func() (*Trainer, error) { return p.Load(ctx, dev, c.store(), nil) })
	const name = "net.conv4.weight"
	want := tensors(t, tr, true)[name]
	for _, share := range shares {
		c.step(t, tr)
		for i, w := range tensors(t, tr, false)[name] {
			want[i] = float32(share)*want[i] + float32(1-share)*w
		}
	}
	for i, v := range tensors(t, tr, true)[name] {
		// Two roundings of a value below 1 per step, here and on the device.
		if !(math.Abs(float64(v-want[i])) <= 1e-6) {
			t.Fatalf("%s[%d] is %g, want %g", name, i, v, want[i])
		}
	}
}

// TestNotFinite spoils one input: the error names the first operation that made a
// NaN, the weights stay, and training goes on with the next batch.
func TestNotFinite(t *testing.T) {
	ctx := context.Background()
	dev := open(t)
	for _, test := range []struct{ golden, input, want string }{
		{"uniad", "jitter", "step 2: graph: binary (operation 1"},
		{"unet", "x_c", "refiner.input_blocks.0.0"},
		{"convolutions, three passes for a step", "x", "conv2d (operation 1"},
	} {
		t.Run(test.golden, func(t *testing.T) {
			c := named(t, test.golden)
			p := plan(t, dev, c, c.options())
			tr := start(t, p, func() (*Trainer, error) { return p.Load(ctx, dev, c.store(), nil) })
			c.step(t, tr)
			before := tensors(t, tr, false)
			_, err := tr.Step(ctx, func(pass int) error {
				if err := c.feed(tr, pass); err != nil || pass < c.Passes-1 {
					return err
				}
				x := kernels.NewArray(c.tensor(test.input))
				x.Data[17] = math.NaN()
				return tr.Write(test.input, x.Bytes())
			})
			if !errors.Is(err, graph.ErrNonFinite) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want one that wraps ErrNonFinite with %q", err, test.want)
			}
			t.Log(err)
			for name, v := range tensors(t, tr, false) {
				for i := range v {
					if v[i] != before[name][i] {
						t.Fatalf("%s[%d] changed from %g to %g", name, i, before[name][i], v[i])
					}
				}
			}
			if r := c.step(t, tr); r.Step != 2 || !finite(r.Loss) {
				t.Errorf("after the error: %+v", r)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	dev := open(t)
	limits := graph.DeviceLimits(dev)
	x := kernels.Float(1, 2, 2, 4)
	weight := func(g *graph.Graph, pack func([][]float32) []float32) graph.Value {
		return g.Param(graph.Param{Name: "w", Tensor: kernels.Float(1, 1, 1, 4), From: []graph.Source{{Name: "w", Shape: []int{4}}}, Pack: pack})
	}
	plain := func(from [][]float32) []float32 { return kernels.PackVector(from[0]) }
	loss := func(pack func([][]float32) []float32) func(*graph.Graph) graph.Value {
		return func(g *graph.Graph) graph.Value {
			return Mean(g, g.Apply(kernels.Binary{Op: kernels.Mul}, g.Input("x", x), weight(g, pack)))
		}
	}
	good := Options{AdamW: DefaultAdamW()}
	with := func(change func(*Options)) Options {
		o := good
		change(&o)
		return o
	}
	small := limits
	small.Memory = 100
	for _, test := range []struct {
		name   string
		build  func(*graph.Graph) graph.Value
		limits graph.Limits
		o      Options
		want   string // empty: accepted
	}{
		{"good", loss(plain), limits, good, ""},
		{"no weight", func(g *graph.Graph) graph.Value { return Mean(g, g.Input("x", x)) }, limits, good, "no parameter"},
		{"nothing kept", loss(plain), limits, with(func(o *Options) { o.Keep = func(graph.Param) bool { return false } }), "no parameter"},
		{"not a scalar", func(g *graph.Graph) graph.Value { return g.Input("x", x) }, limits, good, "want one value"},
		{"computed parameter", loss(func(from [][]float32) []float32 {
			v := kernels.PackVector(from[0])
			for i := range v {
				v[i] *= 0.5
			}
			return v
		}), limits, good, "cannot be trained"},
		{"no gradient", func(g *graph.Graph) graph.Value {
			return Mean(g, g.Apply(kernels.Clamp{Hi: 1}, g.Apply(kernels.Binary{Op: kernels.Mul}, g.Input("x", x), weight(g, plain))))
		}, limits, good, "clamp: no gradient"},
		{"little memory", loss(plain), small, good, "not enough device memory"},
		{"learning rate", loss(plain), limits, with(func(o *Options) { o.AdamW.LR = math.NaN() }), "learning rate NaN, want 0 to 1"},
		{"beta", loss(plain), limits, with(func(o *Options) { o.AdamW.Beta2 = 1 }), "beta2 1, want 0 to 0.99999"},
		{"passes", loss(plain), limits, with(func(o *Options) { o.Passes = -1 }), "-1 passes"},
		{"segments", loss(plain), limits, with(func(o *Options) { o.Recompute = -1 }), "-1 segments"},
		{"average", loss(plain), limits, with(func(o *Options) { o.EMA = 1 }), "moving average 1"},
	} {
		_, err := New(test.build, test.limits, test.o)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}

func TestSchedules(t *testing.T) {
	for _, test := range []struct {
		name string
		s    Schedule
		step int
		want float64
	}{
		{"constant", Constant(), 1000, 1},
		{"step before", StepDecay(800, 0.1), 799, 1},
		{"step after", StepDecay(800, 0.1), 800, 0.1},
		{"step twice", StepDecay(800, 0.1), 1600, 0.01},
		{"warmup", Cosine(3, 103, 0.1), 0, 0.25},
		{"top", Cosine(3, 103, 0.1), 3, 1},
		{"half way", Cosine(3, 103, 0.1), 53, 0.55},
		{"end", Cosine(3, 103, 0.1), 103, 0.1},
		{"past the end", Cosine(3, 103, 0.1), 500, 0.1},
	} {
		if got := test.s(test.step); !(math.Abs(got-test.want) <= 1e-12) {
			t.Errorf("%s: %g, want %g", test.name, got, test.want)
		}
	}
}

// TestRecompute takes the same steps with less memory.
func TestRecompute(t *testing.T) {
	ctx := context.Background()
	dev := open(t)
	c := named(t, "convolutions")
	o := c.options()
	kept := plan(t, dev, c, o)
	o.Recompute = 3
	again := plan(t, dev, c, o)
	if a, b := kept.Memory(), again.Memory(); b.Live >= a.Live {
		t.Errorf("%d bytes are alive at once, want below %d", b.Live, a.Live)
	}
	one := start(t, kept, func() (*Trainer, error) { return kept.Load(ctx, dev, c.store(), nil) })
	two := start(t, again, func() (*Trainer, error) { return again.Load(ctx, dev, c.store(), nil) })
	for range 2 {
		if want, got := c.step(t, one), c.step(t, two); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// TestCost: every phase has its kernels and the shares make a whole.
func TestCost(t *testing.T) {
	ctx := context.Background()
	dev := open(t)
	c := named(t, "convolutions")
	o := c.options()
	o.EMA = 0.9
	p := plan(t, dev, c, o)
	tr := start(t, p, func() (*Trainer, error) { return p.Load(ctx, dev, c.store(), nil) })
	if inputs := p.Inputs(); len(inputs) != len(c.Inputs) || inputs["x"] != c.tensor("x") {
		t.Errorf("inputs %v, want those of %v", inputs, c.Inputs)
	}
	if err := c.feed(tr, 0); err != nil {
		t.Fatal(err)
	}
	cost, err := tr.Cost(ctx, 2)
	if err != nil {
		t.Fatal(err)
	}
	if !(cost.Forward > 0 && cost.Step > 0) || tr.Steps() != 2 {
		t.Errorf("%d steps, cost %+v", tr.Steps(), cost)
	}
	share, counted := 0.0, map[string]bool{}
	for _, k := range cost.Kernels {
		share += k.Share
		counted[k.Phase+" "+k.Kernel] = k.GFLOPS > 0
	}
	if math.Abs(share-1) > 1e-9 {
		t.Errorf("shares sum to %g", share)
	}
	for name, want := range map[string]bool{"forward conv2d": true, "backward conv2d": true, "backward convweight": true, "backward groupnormgrad": false, "update adamw": false, "update sumsquares": false} {
		if got, ok := counted[name]; !ok || got != want {
			t.Errorf("%s: listed %t, operations counted %t, want %t", name, ok, got, want)
		}
	}
}
