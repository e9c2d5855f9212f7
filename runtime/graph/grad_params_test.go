package graph

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
)

// stored declares a parameter [1, 1, 1, c] of one stored vector.
func stored(g *Graph, name string, c int) Value {
	return g.Param(Param{
		Name: name, Tensor: kernels.Float(1, 1, 1, c), From: []Source{{Name: name, Shape: []int{c}}},
		Pack: func(from [][]float32) []float32 { return kernels.PackVector(from[0]) },
	})
}

// TestUpdate replays a graph that moves a parameter towards its input, on the device
// and in the reference: each replay sees what the one before left.
func TestUpdate(t *testing.T) {
	dev := open(t, gpu.Options{})
	g := New()
	x := g.Input("x", kernels.Float(1, 1, 1, 6))
	w := stored(g, "w", 6)
	g.Update(kernels.Blend{}, w, g.Apply(kernels.Unary{Act: kernels.SiLU}, x), g.Input("coef", kernels.Float(1, 1, 1, 2)))
	g.Output("y", g.Apply(kernels.Binary{Op: kernels.Mul}, w, x)) // reads w before the update
	s := Values{"w": {Shape: []int{6}, Data: []float32{1, 2, 3, 4, 5, 6}}}
	e := load(t, dev, g, s)
	same(t, e, g, s, rand.New(rand.NewPCG(3, 4)))
	data, err := e.params.Read(context.Background(), g.Params()[0])
	if err != nil {
		t.Fatal(err)
	}
	if data[0] == 1 || data[6] != 0 || data[7] != 0 {
		t.Errorf("parameter is %v after two replays: want it moved and its padding zero", data)
	}
}

func TestUpdateRefuses(t *testing.T) {
	g := New()
	x := g.Input("x", kernels.Float(1, 1, 1, 6))
	g.Update(kernels.Blend{}, x, x, g.Input("coef", kernels.Float(1, 1, 1, 2)))
	if err := g.Err(); err == nil || !strings.Contains(err.Error(), "want a parameter") {
		t.Errorf("update of an input: %v", err)
	}
}

// TestParamGrads differentiates w*w*x with w declared twice: one gradient, 2*w*x.
func TestParamGrads(t *testing.T) {
	g := New()
	x := g.Input("x", kernels.Float(1, 1, 1, 3))
	a, b := stored(g, "w", 3), stored(g, "w", 3)
	stored(g, "unused", 3)
	y := g.Apply(kernels.Binary{Op: kernels.Mul}, g.Apply(kernels.Binary{Op: kernels.Mul}, a, b), x)
	grads := g.ParamGrads(g.Apply(kernels.Reduce{Op: kernels.Sum, Axes: kernels.Channel}, y), nil)
	if g.Err() != nil || len(grads) != 1 || grads[0].Param.Name != "w" {
		t.Fatalf("%v, gradients %v, want one, of w", g.Err(), grads)
	}
	g.Output("dw", grads[0].Grad)
	ref, err := g.Reference(context.Background(), Values{
		"w": {Shape: []int{3}, Data: []float32{1, 2, 3}}, "unused": {Shape: []int{3}, Data: make([]float32, 3)},
	})
	if err != nil {
		t.Fatal(err)
	}
	in := kernels.NewArray(kernels.Float(1, 1, 1, 3))
	copy(in.Data, []float64{5, -1, 2})
	out, err := ref.Run(context.Background(), map[string]*kernels.Array{"x": in})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{10, -4, 12} {
		if got := out["dw"].Data[i]; got != want {
			t.Errorf("dw[%d] is %g, want %g", i, got, want)
		}
	}
	none := New()
	if kept := none.ParamGrads(none.Input("loss", kernels.Float(1, 1, 1, 1)), nil); len(kept) != 0 || none.Err() != nil {
		t.Errorf("a loss without parameters: %v, %v", kept, none.Err())
	}
}

// TestGradFusesAgain fuses again what Grad took apart where no value between is
// needed: a convolution with ReLU stays one operation.
func TestGradFusesAgain(t *testing.T) {
	for _, test := range []struct {
		act  kernels.Activation
		want int
	}{{kernels.ReLU, 1}, {kernels.SiLU, 2}} {
		g := New()
		x := g.Input("x", kernels.Float(1, 4, 4, 4))
		w := g.Param(Param{Name: "w", Tensor: kernels.Float(1, 1, 4, 4), From: []Source{{Name: "w", Shape: []int{4, 4}}}})
		y := g.Apply(kernels.MatMul{Act: test.act}, x, w)
		forward := len(g.nodes)
		loss := g.Apply(kernels.Reduce{Op: kernels.Mean, Axes: kernels.All}, y)
		g.Output("loss", loss)
		g.Output("dw", g.Grad(loss, w)[0])
		count := 0
		for _, n := range g.fuse().nodes {
			switch n.op.(type) {
			case kernels.MatMul, kernels.Unary:
				count++
			}
		}
		if forward != 1 || count != test.want || g.Err() != nil {
			t.Errorf("%v: %d operations after Grad, want %d: %v", test.act, count, test.want, g.Err())
		}
	}
}
