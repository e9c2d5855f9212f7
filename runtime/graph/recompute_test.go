package graph

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
)

// deep is a chain of residual blocks with a skip connection over all of them, its loss
// and the gradients by its weights as outputs d0, d1 and so on.
func deep(segments int) *Graph {
	const blocks, channels = 8, 8
	g := New()
	x := kernels.Float(2, 6, 6, channels)
	var weights []Value
	weight := func(t kernels.Tensor) Value {
		v := g.Input(fmt.Sprint("w", len(weights)), t)
		weights = append(weights, v)
		return v
	}
	first := g.Input("x", x)
	h := first
	for range blocks {
		leave := g.Scope("block")
		vector := kernels.Float(1, 1, 1, channels)
		n := g.Apply(kernels.GroupNorm{Groups: 2, Eps: 1e-5, Act: kernels.SiLU}, h, weight(vector), weight(vector))
		op := kernels.Conv2D{Stride: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Bias: true, Act: kernels.SiLU, Residual: true}
		y := g.Apply(op, n, weight(kernels.Float(3, 3, channels, channels)), weight(vector), h)
		tokens := g.View(y, kernels.Shape{2, 1, 36, channels})
		qkv := g.Apply(kernels.MatMul{}, tokens, weight(kernels.Float(1, 1, channels, 3*channels)))
		a := g.Apply(kernels.Attention{Heads: 2, Order: kernels.Legacy}, qkv)
		h = g.Apply(kernels.Binary{Op: kernels.Add}, y, g.View(a, x.Shape))
		leave()
	}
	h = g.Apply(kernels.Binary{Op: kernels.Mul}, h, first)
	loss := g.Apply(kernels.SumTo{Shape: kernels.Shape{1, 1, 1, 1}}, g.Apply(kernels.Reduce{Op: kernels.Sum, Axes: kernels.All}, h))
	g.Output("loss", loss)
	g.Recompute(segments)
	for i, d := range g.Grad(loss, weights...) {
		g.Output(fmt.Sprint("d", i), d)
	}
	return g
}

// TestRecompute: the gradients are the same bit for bit, in less memory.
func TestRecompute(t *testing.T) {
	dev := open(t, gpu.Options{})
	in := map[string]*kernels.Array{}
	random := rand.New(rand.NewPCG(3, 5))
	var want map[string]*kernels.Array
	kept := 0
	for _, segments := range []int{0, 2, 4, 100} {
		g := deep(segments)
		p, err := g.Plan(DeviceLimits(dev))
		if err != nil {
			t.Fatal(err)
		}
		if segments == 0 {
			for name, tensor := range g.Inputs() {
				in[name] = normal(random, tensor)
				for i := range in[name].Data {
					in[name].Data[i] *= 0.3
				}
				in[name].Round()
			}
			want, kept = onDevice(t, dev, g, in), p.Memory().Arenas
			ref, err := g.Reference(context.Background(), Values{})
			if err != nil {
				t.Fatal(err)
			}
			exact, err := ref.Run(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			for name, a := range exact {
				for i, v := range a.Data {
					if d := math.Abs(v - want[name].Data[i]); !(d <= 1e-4*(1+math.Abs(v))) {
						t.Fatalf("%s[%d] is %g, want %g", name, i, want[name].Data[i], v)
					}
				}
			}
			continue
		}
		got := onDevice(t, dev, g, in)
		if len(got) != len(want) {
			t.Errorf("%d segments: %d outputs, want %d", segments, len(got), len(want))
		}
		for name, a := range got {
			for i, v := range a.Data {
				if v != want[name].Data[i] {
					t.Fatalf("%d segments: %s[%d] is %g, want %g", segments, name, i, v, want[name].Data[i])
				}
			}
		}
		m := p.Memory().Arenas
		t.Logf("%d segments: %d of %d bytes, %d dispatches", segments, m, kept, p.Dispatches())
		if most := map[int]int{2: kept * 9 / 10, 4: kept * 7 / 10, 100: kept}[segments]; m > most {
			t.Errorf("%d segments take %d bytes, want at most %d of %d", segments, m, most, kept)
		}
	}
}
