package graph

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
)

// gradCases holds every differentiable operation in the forms that differ.
func gradCases() []gradCase {
	F := kernels.Float
	one := [2]int{1, 1}
	around := [4]int{1, 1, 1, 1}
	x := F(2, 3, 4, 6)
	var cases []gradCase
	add := func(name string, op kernels.Op, in ...kernels.Tensor) {
		cases = append(cases, gradCase{name: name, op: op, in: in})
	}
	for act := kernels.SiLU; act <= kernels.Sigmoid; act++ {
		add("unary "+act.String(), kernels.Unary{Act: act}, x)
	}
	for op := kernels.Add; op <= kernels.Div; op++ {
		add("binary "+op.String(), kernels.Binary{Op: op}, x, x)
	}
	add("binary over images and pixels", kernels.Binary{Op: kernels.Add}, x, F(1, 1, 1, 6))
	add("binary over channels", kernels.Binary{Op: kernels.Mul}, x, F(2, 3, 4, 1))
	add("binary over rows and columns", kernels.Binary{Op: kernels.Sub, Act: kernels.SiLU}, F(1, 3, 1, 6), F(2, 1, 4, 6))
	add("binary one value", kernels.Binary{Op: kernels.Div}, x, F(1, 1, 1, 1))
	add("conv 3x3", kernels.Conv2D{Stride: one, Pad: around, Bias: true}, F(2, 5, 4, 6), F(3, 3, 8, 5), F(1, 1, 1, 5))
	add("conv 3x3 silu, residual", kernels.Conv2D{Stride: one, Pad: around, Bias: true, Act: kernels.SiLU, Residual: true}, F(1, 5, 4, 4), F(3, 3, 4, 5), F(1, 1, 1, 5), F(1, 5, 4, 5))
	add("conv 3x3 relu", kernels.Conv2D{Stride: one, Pad: around, Act: kernels.ReLU}, F(1, 5, 4, 4), F(3, 3, 4, 5))
	add("conv 3x2 stride 2x3", kernels.Conv2D{Stride: [2]int{2, 3}, Pad: [4]int{1, 0, 2, 1}}, F(2, 8, 9, 5), F(3, 2, 8, 7))
	add("conv 2x2 stride 2, a row left over", kernels.Conv2D{Stride: [2]int{2, 2}}, F(1, 5, 7, 4), F(2, 2, 4, 4))
	add("conv two sources", kernels.Conv2D{Stride: one, Pad: around, Two: true, Bias: true}, F(2, 4, 5, 5), F(2, 4, 5, 9), F(3, 3, 20, 6), F(1, 1, 1, 6))
	add("conv 1x1", kernels.Conv2D{Stride: one}, F(2, 4, 5, 6), F(1, 1, 8, 9))
	add("conv in tiles, two sources", kernels.Winograd{Tile: 4, Pad: around, Raw: true, Two: true}, F(2, 5, 4, 18), F(2, 5, 4, 5), F(3, 3, 28, 17))
	add("conv in tiles, silu, residual", kernels.Winograd{Tile: 4, Pad: around, Raw: true, Act: kernels.SiLU, Bias: true, Residual: true}, F(1, 5, 9, 17), F(3, 3, 20, 18), F(1, 1, 1, 18), F(1, 5, 9, 18))
	add("depthwise 3x3 relu6", kernels.Conv2D{Stride: one, Pad: around, Groups: 6, Bias: true, Act: kernels.ReLU6}, F(2, 5, 4, 6), F(3, 3, 1, 6), F(1, 1, 1, 6))
	add("depthwise 2x3 stride 2x1 padded unevenly", kernels.Conv2D{Stride: [2]int{2, 1}, Pad: [4]int{0, 1, 1, 2}, Groups: 9}, F(2, 7, 6, 9), F(2, 3, 1, 9))
	add("linear", kernels.MatMul{Bias: true, Act: kernels.GELU, Residual: true}, F(2, 1, 7, 6), F(1, 1, 8, 5), F(1, 1, 1, 5), F(2, 1, 7, 5))
	add("linear without padding rows", kernels.MatMul{Scale: 0.5}, F(2, 1, 7, 6), F(1, 1, 6, 5))
	add("linear transposed", kernels.MatMul{Scale: 0.5, TransposeB: true}, F(2, 2, 3, 6), F(1, 1, 5, 6))
	add("product of images", kernels.MatMul{Scale: 0.5}, F(2, 2, 3, 6), F(2, 1, 6, 5))
	add("product of images transposed", kernels.MatMul{TransposeB: true}, F(2, 2, 3, 6), F(2, 1, 5, 6))
	c, film := F(1, 1, 1, 6), F(2, 1, 1, 12)
	add("group norm", kernels.GroupNorm{Groups: 3, Eps: 1e-5}, x, c, c)
	add("group norm silu film", kernels.GroupNorm{Groups: 2, Eps: 1e-5, Act: kernels.SiLU, Film: true}, x, c, c, film)
	add("group norm shared film", kernels.GroupNorm{Groups: 2, Eps: 1e-5, Act: kernels.GELU, Film: true}, x, c, c, F(1, 1, 1, 12))
	add("group norm two sources", kernels.GroupNorm{Groups: 3, Eps: 1e-5, Act: kernels.SiLU, Two: true}, F(2, 3, 4, 8), F(2, 3, 4, 7), F(1, 1, 1, 15), F(1, 1, 1, 15))
	add("layer norm", kernels.LayerNorm{Eps: 1e-5}, x, c, c)
	add("film", kernels.FiLM{}, x, film)
	add("shared film", kernels.FiLM{}, x, F(1, 1, 1, 12))
	add("softmax", kernels.Softmax{}, x)
	add("pool", kernels.Pool{Kind: kernels.PoolAvg, Window: [2]int{2, 2}, Stride: [2]int{2, 2}}, F(2, 4, 6, 5))
	add("resize", kernels.Resize{H: 6, W: 12}, x)
	for axis, name := range []string{"images", "rows", "columns", "channels"} {
		add("slice of "+name, kernels.Slice{Axis: axis, Start: 1, Len: 1}, x)
		add("place "+name, kernels.Place{Axis: axis, Start: 1, Extent: 9}, x)
	}
	add("concat", kernels.Concat{}, F(2, 3, 4, 3), x, F(2, 3, 4, 2))
	add("permute", kernels.Permute{Order: [4]int{2, 3, 1, 0}}, x)
	for _, axes := range []kernels.ReduceAxes{kernels.Spatial, kernels.Channel, kernels.All} {
		add("sum "+axes.String(), kernels.Reduce{Op: kernels.Sum, Axes: axes}, x)
		add("mean "+axes.String(), kernels.Reduce{Op: kernels.Mean, Axes: axes}, x)
	}
	add("repeat", kernels.Repeat{Shape: x.Shape, Scale: -2}, F(2, 1, 4, 6))
	add("sum to", kernels.SumTo{Shape: kernels.Shape{1, 3, 1, 6}}, x)
	tokens := F(2, 2, 3, 16)
	for _, order := range []kernels.AttentionOrder{kernels.Legacy, kernels.New} {
		add("attention "+order.String(), kernels.Attention{Heads: 2, Order: order}, F(2, 2, 3, 48))
	}
	add("attention separate", kernels.Attention{Heads: 4, Scale: 0.7}, tokens, F(2, 1, 5, 16), F(2, 1, 5, 16))
	add("attention with mask", kernels.Attention{Heads: 2, Mask: true}, tokens, F(2, 1, 5, 16), F(2, 1, 5, 16), F(1, 1, 6, 5))
	add("dropout", kernels.Dropout{P: 0.3, Stream: 5}, F(2, 3, 4, 7), kernels.Uint(1, 1, 1, 4))
	drop := kernels.Dropout{P: 0.4, Stream: 2}
	add("attention legacy with dropout", kernels.Attention{Heads: 2, Order: kernels.Legacy, Drop: drop}, F(2, 2, 3, 48), kernels.Uint(1, 1, 1, 4))
	for i := len(cases) - 3; i < len(cases); i++ {
		cases[i].fixed = 1
	}
	add("attention with mask and dropout", kernels.Attention{Heads: 2, Mask: true, Drop: drop}, tokens, F(2, 1, 5, 16), F(2, 1, 5, 16), F(1, 1, 6, 5), kernels.Uint(1, 1, 1, 4))
	cases[len(cases)-1].fixed = 2
	for _, c := range cases {
		if o, ok := c.op.(kernels.Attention); ok {
			c.name, c.op = c.name+", streamed", streamed{o}
			cases = append(cases, c)
		}
	}
	return cases
}

// streamed is an attention with the gradient that large ones have.
type streamed struct{ kernels.Attention }

func (o streamed) Gradient(t kernels.Tape, a kernels.Applied) ([]kernels.Ref, error) {
	n := 1
	if o.Order == kernels.Separate {
		n = 3
	}
	in := append(append([]kernels.Ref{}, a.In...), a.Out[0], a.DOut[0])
	return append(t.Apply(kernels.AttentionGrad{Attn: o.Attention}, n, in...), make([]kernels.Ref, len(a.In)-n)...), nil
}

type gradCase struct {
	name  string
	op    kernels.Op
	in    []kernels.Tensor
	fixed int // the last inputs, which are not differentiated
}

// build returns the graph of loss = sum of out times "weight", with the gradient by
// input i as output di.
func (c gradCase) build() (*Graph, error) {
	g := New()
	var in []Value
	for i, t := range c.in {
		in = append(in, g.Input(fmt.Sprint("x", i), t))
	}
	y := g.Apply(c.op, in...)
	if g.Err() != nil {
		return g, g.Err()
	}
	y = g.Apply(kernels.Binary{Op: kernels.Mul}, y, g.Input("weight", g.Tensor(y)))
	y = g.Apply(kernels.Reduce{Op: kernels.Sum, Axes: kernels.All}, y)
	y = g.View(y, kernels.Shape{1, 1, g.Tensor(y).Shape[0], 1})
	y = g.Apply(kernels.Reduce{Op: kernels.Sum, Axes: kernels.All}, y)
	g.Output("loss", y)
	for i, d := range g.Grad(y, in[:len(in)-c.fixed]...) {
		if g.Err() == nil && d.id == 0 {
			return g, fmt.Errorf("no gradient by input %d", i)
		}
		g.Output(fmt.Sprint("d", i), d)
	}
	return g, g.Err()
}

// TestGradients compares the gradients of every operation, from the float64
// reference and from the device, with central differences of the reference.
func TestGradients(t *testing.T) {
	const (
		step   = 1e-5
		places = 12   // of each input
		exact  = 1e-6 // of the largest gradient: float64, the error of the difference is step^2
		single = 1e-3 // f32 on the device
	)
	dev := open(t, gpu.Options{})
	for _, c := range gradCases() {
		t.Run(c.name, func(t *testing.T) {
			ctx := context.Background()
			g, err := c.build()
			if err != nil {
				t.Fatal(err)
			}
			ref, err := g.Reference(ctx, Values{})
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(7, 11))
			in := map[string]*kernels.Array{}
			for i, tensor := range c.in {
				in[fmt.Sprint("x", i)] = c.fill(r, i, tensor)
			}
			in["weight"] = normal(r, g.Inputs()["weight"])
			run := func() map[string]*kernels.Array {
				out, err := ref.Run(ctx, in)
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			want, got := run(), onDevice(t, dev, g, in)
			for i := range c.in[:len(c.in)-c.fixed] {
				name, x := fmt.Sprint("d", i), in[fmt.Sprint("x", i)]
				largest := 0.0
				for _, v := range want[name].Data {
					largest = max(largest, math.Abs(v))
				}
				for range places {
					p, k := r.IntN(x.Shape.Pixels()), r.IntN(x.Shape[3])
					at := &x.Row(p)[k]
					before := *at
					if before == 0 { // a weight that stands for padding
						continue
					}
					*at = before + step
					up := run()["loss"].Data[0]
					*at = before - step
					down := run()["loss"].Data[0]
					*at = before
					numeric := (up - down) / (2 * step)
					if d := want[name].Row(p)[k]; !(math.Abs(d-numeric) <= exact*largest) {
						t.Errorf("%s, pixel %d, channel %d: reference %g, difference %g, largest %g", name, p, k, d, numeric, largest)
					}
					if d := got[name].Row(p)[k]; !(math.Abs(d-numeric) <= single*largest) {
						t.Errorf("%s, pixel %d, channel %d: device %g, difference %g, largest %g", name, p, k, d, numeric, largest)
					}
				}
			}
		})
	}
}

// fill draws input i: keys, masks that hide a third, denominators away from zero, and
// zeros in the rows of a weight that meet the padding of its source.
func (c gradCase) fill(r *rand.Rand, i int, t kernels.Tensor) *kernels.Array {
	a := normal(r, t)
	if t.Type == kernels.U32 {
		for j := range a.Data {
			a.Data[j] = float64(r.Uint32())
		}
	}
	op, _ := c.op.(kernels.Attention)
	if s, ok := c.op.(streamed); ok {
		op = s.Attention
	}
	if op.Mask && i == 3 {
		for j := range a.Data {
			if j%3 == 0 {
				a.Data[j] = -1e30
			}
		}
		for j, row := 0, a.Row(2); j < len(row); j++ {
			row[j] = math.Inf(-1) // a query that sees no key
		}
	}
	if op, ok := c.op.(kernels.Binary); ok && op.Op == kernels.Div && i == 1 {
		for j, v := range a.Data {
			a.Data[j] = math.Copysign(0.5+math.Abs(v), v)
		}
	}
	var sources []kernels.Tensor
	switch op := c.op.(type) {
	case kernels.Conv2D:
		if sources = c.in[:1]; op.Two {
			sources = c.in[:2]
		}
	case kernels.Winograd:
		if sources = c.in[:1]; op.Two {
			sources = c.in[:2]
		}
	case kernels.MatMul:
		if !op.TransposeB {
			sources = c.in[:1]
		}
	}
	if i != len(sources) || t.Shape[2] == 1 { // a depthwise weight has no rows for padding
		return a
	}
	for p := range t.Shape.Pixels() {
		row, used := p%t.Shape[2], false
		for _, s := range sources {
			used = used || row >= 0 && row < s.Shape[3]
			row -= 4 * s.Shape.C4()
		}
		if !used {
			clear(a.Row(p))
		}
	}
	return a
}

func onDevice(t *testing.T, dev *gpu.Device, g *Graph, in map[string]*kernels.Array) map[string]*kernels.Array {
	t.Helper()
	e := load(t, dev, g, Values{})
	for name, a := range in {
		if err := e.Write(name, a.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Submit(); err != nil {
		t.Fatal(err)
	}
	out := map[string]*kernels.Array{}
	for name, tensor := range g.Outputs() {
		data, err := e.Read(context.Background(), name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = kernels.NewArray(tensor)
		out[name].SetBytes(data)
	}
	return out
}

// TestGradRefuses names operations without a gradient.
func TestGradRefuses(t *testing.T) {
	for _, c := range []gradCase{
		{"maximum", kernels.Binary{Op: kernels.Maximum}, []kernels.Tensor{kernels.Float(1, 2, 2, 4), kernels.Float(1, 2, 2, 4)}, 0},
		{"weights in tiles", kernels.Winograd{Tile: 2}, []kernels.Tensor{kernels.Float(1, 4, 4, 4), kernels.Float(4, 4, 4, 4)}, 0},
		{"groups of two channels", kernels.Conv2D{Stride: [2]int{1, 1}, Groups: 2}, []kernels.Tensor{kernels.Float(1, 4, 4, 4), kernels.Float(1, 1, 4, 4)}, 0},
		{"max pool", kernels.Pool{Window: [2]int{2, 2}, Stride: [2]int{2, 2}}, []kernels.Tensor{kernels.Float(1, 4, 4, 4)}, 0},
		{"bilinear", kernels.Resize{Mode: kernels.Bilinear, H: 8, W: 8}, []kernels.Tensor{kernels.Float(1, 4, 4, 4)}, 0},
		{"clamp", kernels.Clamp{Lo: -1, Hi: 1}, []kernels.Tensor{kernels.Float(1, 4, 4, 4)}, 0},
	} {
		if _, err := c.build(); !errors.Is(err, kernels.ErrGradient) {
			t.Errorf("%s: %v, want %v", c.name, err, kernels.ErrGradient)
		}
	}
}
