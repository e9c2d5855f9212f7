package graph

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
)

func open(t *testing.T, o gpu.Options) *gpu.Device {
	t.Helper()
	dev, err := gpu.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

// load plans g and loads it with parameters from s.
func load(t *testing.T, dev *gpu.Device, g *Graph, s Store) *Exec {
	t.Helper()
	ctx := context.Background()
	p, err := g.Plan(DeviceLimits(dev))
	if err != nil {
		t.Fatal(err)
	}
	ps := NewParams(dev)
	if err := ps.Load(ctx, g, s, nil); err != nil {
		t.Fatal(err)
	}
	e, err := p.Load(ctx, dev, ps, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(e.Close(), ps.Close()); err != nil {
			t.Error(err)
		}
	})
	return e
}

func normal(r *rand.Rand, t kernels.Tensor) *kernels.Array {
	a := kernels.NewArray(t)
	for i := range t.Shape.Pixels() {
		for c, row := 0, a.Row(i); c < len(row); c++ {
			row[c] = r.NormFloat64()
		}
	}
	a.Round()
	return a
}

// same runs e and the reference of g on the same inputs and compares every
// output: the share of the squared error must be below 1e-10.
func same(t *testing.T, e *Exec, g *Graph, s Store, r *rand.Rand) {
	t.Helper()
	ctx := context.Background()
	ref, err := g.Reference(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	in := map[string]*kernels.Array{}
	for name, tensor := range g.Inputs() {
		in[name] = normal(r, tensor)
		if err := e.Write(name, in[name].Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	for replay := range 2 { // carried values differ in the second
		want, err := ref.Run(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Submit(); err != nil {
			t.Fatal(err)
		}
		for name, w := range want {
			data, err := e.Read(ctx, name)
			if err != nil {
				t.Fatal(err)
			}
			got := kernels.NewArray(w.Tensor)
			got.SetBytes(data)
			var num, den float64
			for i := range w.Data {
				d := got.Data[i] - w.Data[i]
				num, den = num+d*d, den+w.Data[i]*w.Data[i]
			}
			if !(num <= 1e-10*den) {
				t.Errorf("replay %d, output %q: squared error %g of %g", replay, name, num, den)
			}
		}
	}
}

func TestGraphs(t *testing.T) {
	dev := open(t, gpu.Options{})
	constant := func(name string, tensor kernels.Tensor, v float32) Param {
		return Param{Name: name, Tensor: tensor, Pack: func([][]float32) []float32 {
			data := make([]float32, tensor.Shape.Padded())
			for i := range tensor.Shape.Pixels() {
				for c := range tensor.Shape[3] {
					data[i*tensor.Shape.C4()*4+c] = v
				}
			}
			return data
		}}
	}
	x := kernels.Float(2, 9, 7, 6)
	tests := []struct {
		name  string
		build func(g *Graph)
	}{
		{"an input is an output", func(g *Graph) {
			v := g.Input("x", x)
			g.Output("x", v)
			g.Output("y", g.Apply(kernels.Unary{Act: kernels.SiLU}, v))
		}},
		{"one value read twice by an operation", func(g *Graph) {
			v := g.Apply(kernels.Unary{Act: kernels.SiLU}, g.Input("x", x))
			sq := g.Apply(kernels.Binary{Op: kernels.Mul}, v, v)
			sq = g.Apply(kernels.Binary{Op: kernels.Mul}, sq, sq)
			g.Output("y", g.Apply(kernels.Unary{Act: kernels.Sigmoid}, sq))
		}},
		{"a view of a value and the value", func(g *Graph) {
			v := g.Apply(kernels.Unary{Act: kernels.SiLU}, g.Input("x", x))
			tokens := g.View(v, kernels.Shape{2, 1, 63, 6})
			tokens = g.Apply(kernels.Unary{Act: kernels.Sigmoid}, tokens)
			g.Output("y", g.Apply(kernels.Binary{Op: kernels.Sub}, v, g.View(tokens, x.Shape)))
		}},
		{"a carried value", func(g *Graph) {
			v, acc := g.Input("x", x), g.Input("acc", x)
			g.Output("sum", g.Apply(kernels.Binary{Op: kernels.Add}, acc, v))
			g.Carry("sum", "acc")
		}},
		{"parameters and long skips", func(g *Graph) {
			v := g.Input("x", x)
			skips := []Value{}
			for range 6 {
				v = g.Apply(kernels.Unary{Act: kernels.SiLU}, v)
				skips = append(skips, v)
			}
			for i := range skips {
				v = g.Apply(kernels.Binary{Op: kernels.Add}, v, skips[len(skips)-1-i])
				v = g.Apply(kernels.Binary{Op: kernels.Mul, Act: kernels.Sigmoid}, v, g.Param(constant("half"+string(rune('a'+i)), kernels.Float(1, 1, 1, 6), 0.5)))
			}
			g.Output("y", v)
		}},
		{"work nobody reads", func(g *Graph) {
			v := g.Input("x", x)
			g.Apply(kernels.Unary{Act: kernels.GELU}, v)
			g.Output("y", g.Apply(kernels.Unary{Act: kernels.ReLU}, v))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := New()
			tt.build(g)
			same(t, load(t, dev, g, Values{}), g, Values{}, rand.New(rand.NewPCG(1, 1)))
		})
	}
}

// TestRandomGraphs runs random chains with skips in arenas that many values
// share.
func TestRandomGraphs(t *testing.T) {
	dev := open(t, gpu.Options{})
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 7))
		g := New()
		x := kernels.Float(1, 1+r.IntN(20), 1+r.IntN(20), 1+r.IntN(20))
		values := []Value{g.Input("x", x)}
		for range 5 + r.IntN(25) {
			pick := func() Value { return values[len(values)-1-r.IntN(min(len(values), 4))] }
			if r.IntN(2) == 0 {
				values = append(values, g.Apply(kernels.Unary{Act: kernels.Activation(r.IntN(6))}, pick()))
			} else {
				values = append(values, g.Apply(kernels.Binary{Op: kernels.BinaryOp(r.IntN(2)), Act: kernels.Sigmoid}, pick(), pick()))
			}
		}
		g.Output("y", values[len(values)-1])
		g.Output("middle", values[len(values)/2])
		same(t, load(t, dev, g, Values{}), g, Values{}, r)
	}
}

func TestFusionKeepsTheNumbers(t *testing.T) {
	dev := open(t, gpu.Options{})
	x := kernels.Float(1, 12, 10, 8)
	store := Values{}
	r := rand.New(rand.NewPCG(3, 3))
	weight := func(name string, tensor kernels.Tensor) Param {
		data := make([]float32, tensor.Shape.Elems())
		for i := range data {
			data[i] = float32(r.NormFloat64() / 8)
		}
		store[name] = struct {
			Shape []int
			Data  []float32
		}{tensor.Shape[:], data}
		return Param{Name: name, Tensor: tensor, From: []Source{{name, tensor.Shape[:]}}, Pack: func(f [][]float32) []float32 { return f[0] }}
	}
	g := New()
	v := g.Input("x", x)
	conv := g.Apply(kernels.Conv2D{Stride: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}}, v, g.Param(weight("w", kernels.Float(3, 3, 8, 8))))
	conv = g.Apply(kernels.Binary{Op: kernels.Add}, conv, g.Param(weight("b", kernels.Float(1, 1, 1, 8))))
	conv = g.Apply(kernels.Unary{Act: kernels.SiLU}, conv)
	lin := g.Apply(kernels.MatMul{}, g.Apply(kernels.Binary{Op: kernels.Add}, v, conv), g.Param(weight("l", kernels.Float(1, 1, 8, 8))))
	g.Output("y", g.Apply(kernels.Unary{Act: kernels.ReLU}, lin))
	if n := len(g.fuse().nodes); n != 2 {
		t.Errorf("%d operations after fusion, want 2: convolution with bias, activation and residual, matmul with activation", n)
	}
	same(t, load(t, dev, g, store), g, store, r)
}

// TestOneFormOfAShader counts what a CPU adapter compiles for operations of which some
// read the buffer that they write and others do not.
func TestOneFormOfAShader(t *testing.T) {
	dev := open(t, gpu.Options{Device: "cpu"})
	g := New()
	x := g.Input("x", kernels.Float(1, 5, 7, 6))
	silu := kernels.Unary{Act: kernels.SiLU}
	y := g.Apply(silu, x) // from a buffer of its own
	for range 3 {         // within the arena
		y = g.Apply(silu, y)
	}
	g.Output("y", y)
	r := rand.New(rand.NewPCG(6, 6))
	same(t, load(t, dev, g, Values{}), g, Values{}, r)
	if n := dev.Used().Pipelines; n != 1 {
		t.Errorf("%d pipelines, want one", n)
	}
}

// TestNormsAreTakenApart checks what becomes of group norms: of one that a convolution
// reads doubled, of one that is halved, of two sources, of one whose result is read twice.
func TestNormsAreTakenApart(t *testing.T) {
	dev := open(t, gpu.Options{})
	r := rand.New(rand.NewPCG(5, 5))
	store := Values{}
	g := New()
	param := func(name string, s kernels.Shape) Value {
		data := make([]float32, s.Padded())
		for i := range data {
			data[i] = float32(r.NormFloat64() / 4)
		}
		store[name] = struct {
			Shape []int
			Data  []float32
		}{s[:], data}
		return g.Param(Param{Name: name, Tensor: kernels.Tensor{Shape: s}, From: []Source{{name, s[:]}}, Pack: func(f [][]float32) []float32 { return f[0] }})
	}
	conv := func(name string, x ...Value) Value {
		rows := 0
		for _, v := range x {
			rows += g.Tensor(v).Shape[3]
		}
		op := kernels.Winograd{Tile: 4, Pad: [4]int{1, 1, 1, 1}, Two: len(x) == 2, Bias: true, Raw: true}
		return g.Apply(op, append(x, param(name, kernels.Shape{3, 3, rows, 16}), param(name+" bias", kernels.Shape{1, 1, 1, 16}))...)
	}
	norm := func(name string, x ...Value) Value {
		c := 0
		for _, v := range x {
			c += g.Tensor(v).Shape[3]
		}
		op := kernels.GroupNorm{Groups: 4, Eps: 1e-5, Act: kernels.SiLU, Two: len(x) == 2}
		return g.Apply(op, append(x, param(name, kernels.Shape{1, 1, 1, c}), param(name+" shift", kernels.Shape{1, 1, 1, c}))...)
	}
	x := g.Input("x", kernels.Float(2, 10, 12, 8))
	a := conv("a", x)
	doubled := conv("doubled", g.Apply(kernels.Resize{Mode: kernels.Nearest, H: 20, W: 24}, norm("n1", a)))
	halved := g.Apply(kernels.Halve, norm("n2", doubled))
	both := conv("both", norm("n3", halved, a))
	twice := norm("n4", both)
	g.Output("y", g.Apply(kernels.Binary{Op: kernels.Mul}, conv("last", twice), twice))

	var names []string
	for _, n := range g.fuse().nodes {
		names = append(names, fmt.Sprintf("%s %d", n.op.Name(), len(n.out)))
	}
	want := []string{
		"winograd 2", "groupnormcoef 1", "winograd 2", // a, and doubled reads its norm
		"groupnormcoef 1", "normalize 1", "moments 1", "groupnormcoef 1", // halved is no convolution
		"winograd 2", "groupnormcoef 1", "normalize 1", // both reads the norm of two, and is read twice
		"winograd 1", "binary 1",
	}
	if !slices.Equal(names, want) {
		t.Errorf("operations and their outputs are\n%q, want\n%q", names, want)
	}
	if n := len(g.nodes); n != 11 {
		t.Errorf("the graph itself has %d operations, want its 11", n)
	}
	same(t, load(t, dev, g, store), g, store, r)
}

func TestErrorsNameTheOperationTheValueAndTheLimit(t *testing.T) {
	ctx := context.Background()
	dev := open(t, gpu.Options{})
	small := gpu.DefaultLimits()
	small.MaxStorageBinding, small.MaxBufferSize = 1<<20, 1<<20
	tight := open(t, gpu.Options{Limits: &small})
	capped := open(t, gpu.Options{MemoryLimit: 1 << 20})
	big := kernels.Float(1, 512, 512, 4)
	silu := func(g *Graph, t kernels.Tensor) *Graph {
		defer g.Scope("encoder.0")()
		g.Output("y", g.Apply(kernels.Unary{Act: kernels.SiLU}, g.Input("x", t)))
		return g
	}
	tests := []struct {
		name string
		run  func() error
		is   error
		has  []string
	}{
		{"wrong shape", func() error {
			g := New()
			defer g.Scope("encoder.0")()
			g.Apply(kernels.Binary{Op: kernels.Add}, g.Input("a", kernels.Float(1, 2, 3, 4)), g.Input("b", kernels.Float(1, 2, 5, 4)))
			return g.Err()
		}, kernels.ErrShape, []string{"encoder.0: binary", "1x2x3x4", "1x2x5x4"}},
		{"binding over the limit", func() error {
			_, err := silu(New(), big).Plan(DeviceLimits(tight))
			return err
		}, kernels.ErrLimit, []string{"encoder.0: unary", "1x512x512x4", "4.0 MiB", "1.0 MiB"}},
		{"plan over the memory", func() error {
			l := DeviceLimits(dev)
			l.Memory = 5 << 20
			_, err := silu(New(), big).Plan(l)
			return err
		}, ErrMemory, []string{"8.0 MiB", "5.0 MiB"}},
		{"allocation over the device's memory", func() error {
			p, err := silu(New(), big).Plan(DeviceLimits(capped))
			if err != nil {
				return err
			}
			_, err = p.Load(ctx, capped, NewParams(capped), nil)
			return err
		}, gpu.ErrOutOfMemory, []string{"input x", "8.0 MiB", "1 MiB"}},
		{"parameter that is not stored", func() error {
			g := New()
			g.Output("y", g.Param(Param{Name: "w", Tensor: big, From: []Source{{"encoder.w", []int{4}}}}))
			return NewParams(dev).Load(ctx, g, Values{}, nil)
		}, nil, []string{`"w"`, `"encoder.w"`}},
		{"missing adapter", func() error {
			_, err := gpu.Open(ctx, gpu.Options{Device: "99"})
			return err
		}, gpu.ErrNoAdapter, []string{"99"}},
		{"shader with an error", func() error {
			_, err := dev.Pipeline(ctx, gpu.Program{Label: "broken[TILE=8]", File: "broken.wgsl", Code: "@compute @workgroup_size(1)\nfn main() {\n  let x = nothing;\n}\n"})
			return err
		}, nil, []string{"broken.wgsl:3", "broken[TILE=8]", "nothing"}},
		{"value that is not finite", func() error {
			g := New()
			v := g.Input("x", kernels.Float(1, 1, 1, 4))
			g.Check("encoder.0", v)
			p, err := g.Plan(DeviceLimits(dev))
			if err != nil {
				return err
			}
			e, err := p.Load(ctx, dev, NewParams(dev), nil)
			if err != nil {
				return err
			}
			defer e.Close()
			nan := kernels.Encode(kernels.F32, []float32{1, 2, 0, 4})
			copy(nan[8:], []byte{1, 0, 0x80, 0x7f})
			if err := errors.Join(e.Write("x", nan), e.Submit()); err != nil {
				return err
			}
			return e.Finite(ctx)
		}, ErrNonFinite, []string{"encoder.0", "1 of them"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.run()
			if err == nil {
				t.Fatal("no error")
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%v does not wrap %v", err, tt.is)
			}
			for _, part := range tt.has {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q does not contain %q", err, part)
				}
			}
		})
	}
}
