package kernels

import (
	"encoding/json"
	"slices"
	"testing"
)

// goldenOp decodes the params of a golden case into the fields of op.
func goldenOp(t *testing.T, g goldenCase, op any) {
	t.Helper()
	if err := json.Unmarshal(g.Params, op); err != nil {
		t.Fatal(err)
	}
}

// floats is the values as a model file has them; the generator keeps to values
// that float32 holds.
func (g goldenTensor) floats() []float32 {
	v := make([]float32, len(g.Data))
	for i, d := range g.Data {
		v[i] = float32(d)
	}
	return v
}

// stored is an array of packed values.
func stored(t *testing.T, s Shape, packed []float32) *Array {
	t.Helper()
	a := NewArray(Tensor{Shape: s})
	if len(packed) != len(a.Data) {
		t.Fatalf("%d packed values for %v, want %d", len(packed), s, len(a.Data))
	}
	for i, v := range packed {
		a.Data[i] = float64(v)
	}
	return a
}

// vector is an array [1, 1, 1, C].
func (g goldenTensor) vector(t *testing.T) *Array {
	return stored(t, Shape{1, 1, 1, len(g.Data)}, PackVector(g.floats()))
}

// TestConv2DGolden runs packer and reference against PyTorch
// (testdata/golden/kernels/gen_contractions.py, seed 20240503). Both sides are
// float64, so only rounding is left.
func TestConv2DGolden(t *testing.T) {
	for _, g := range loadGolden(t, "conv2d") {
		t.Run(g.Name, func(t *testing.T) {
			var op Conv2D
			goldenOp(t, g, &op)
			split, w := 0, op.weight()
			if op.Two {
				split = g.In[0].Shape[1]
			}
			var in []*Array
			for i, x := range g.In {
				oihw := [4]int(append(slices.Clone(x.Shape), 1, 1, 1)[:4])
				switch {
				case i != w && len(x.Shape) == 1:
					in = append(in, x.vector(t))
				case i != w:
					in = append(in, x.nchw(t))
				case op.depthwise(in[0].Shape, Shape{3: oihw[0]}):
					in = append(in, stored(t, DepthwiseShape(oihw), PackDepthwise(x.floats(), oihw)))
				default:
					in = append(in, stored(t, ConvShape(oihw, split), PackConv(x.floats(), oihw, split)))
				}
			}
			wantClose(t, reference(t, op, in...), g.Out[0].nchw(t), 1e-20)
		})
	}
}

func TestConv2DRefuses(t *testing.T) {
	x, w := Float(2, 8, 9, 6), Float(3, 3, 8, 5)
	same := Conv2D{Stride: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}}
	set := func(f func(o *Conv2D)) Conv2D {
		o := same
		f(&o)
		return o
	}
	groups := func(g int) Conv2D { return set(func(o *Conv2D) { o.Groups = g }) }
	two := set(func(o *Conv2D) { o.Two = true })
	ends := set(func(o *Conv2D) { o.Bias, o.Residual = true, true })
	wantRefused(t, []badShape{
		{same, []Tensor{x}, "1 inputs, want 2"},
		{same, []Tensor{Half(2, 8, 9, 6), w}, "input 0 is f16 2x8x9x6, want f32"},
		{same, []Tensor{x, Uint(3, 3, 8, 5)}, "input 1 is u32 3x3x8x5, want f32"},
		{same, []Tensor{x, Float(3, 3, 6, 5)}, "weight 3x3x6x5 has 6 input rows, want 8"},
		{same, []Tensor{Float(1, 1, 2, 6), Float(5, 3, 8, 5)}, "kernel of 5x3 over an image of 1x2 padded by [1 1 1 1]"},
		{set(func(o *Conv2D) { o.Stride[1] = 0 }), []Tensor{x, w}, "stride [1 0], want 1 to 32768"},
		{set(func(o *Conv2D) { o.Pad[2] = -1 }), []Tensor{x, w}, "padding [1 1 -1 1], want 0 to 32768"},
		{set(func(o *Conv2D) { o.Act = activations }), []Tensor{x, w}, "activation 6, want one below 6"},
		{groups(-1), []Tensor{x, w}, "-1 groups, want 0 or more"},
		{groups(4), []Tensor{x, w}, "4 groups of 6 input and 5 output channels, want a divisor of both"},
		{groups(6), []Tensor{x, Float(3, 3, 4, 6)}, "weight 3x3x4x6 has 4 input rows, want 1"},
		{groups(2), []Tensor{x, Float(3, 3, 8, 4)}, "weight 3x3x8x4 has 8 input rows, want 4"},
		{two, []Tensor{x, Float(2, 8, 8, 6), Float(3, 3, 16, 5)}, "second source is 2x8x8x6, want N, H and W of 2x8x9x6"},
		{two, []Tensor{x, x, Float(3, 3, 12, 5)}, "has 12 input rows, want 16"},
		{set(func(o *Conv2D) { o.Two, o.Groups = true, 2 }), []Tensor{x, x, Float(3, 3, 16, 6)}, "2 groups with two sources, want 1"},
		{ends, []Tensor{x, w, Float(1, 1, 1, 6), Float(2, 8, 9, 5)}, "bias is 1x1x1x6, want 1x1x1x5"},
		{ends, []Tensor{x, w, Float(1, 1, 1, 5), Float(2, 9, 8, 5)}, "residual is 2x9x8x5, want 2x8x9x5"},
		{same, []Tensor{Float(1, 1<<13, 1<<13, 1), Float(3, 3, 4, 64)}, "is not below 2^31 values"},
	})
}

// TestEpilogue checks what each contraction takes over from the operations behind
// it, and in which order: bias, activation, residual.
func TestEpilogue(t *testing.T) {
	for _, e := range []Epilogue{Conv2D{Stride: [2]int{1, 1}}, MatMul{}} {
		for _, r := range []struct {
			steps string
			ok    bool
		}{
			{"b", true}, {"a", true}, {"r", true}, {"ba", true}, {"bar", true}, {"br", true}, {"ar", true},
			{"bb", false}, {"ab", false}, {"aa", false}, {"ra", false}, {"rb", false}, {"rr", false},
		} {
			var op Op = e
			ok := true
			for _, s := range r.steps {
				switch at := op.(Epilogue); s {
				case 'b':
					op, ok = at.WithBias()
				case 'a':
					op, ok = at.WithActivation(GELU)
				case 'r':
					op, ok = at.WithResidual()
				}
			}
			if ok != r.ok {
				t.Errorf("%s, steps %q: merged %t, want %t", e.Name(), r.steps, ok, r.ok)
			}
		}
	}
}

// TestConv2DVariants names the shader of each kind of convolution, so that none
// falls back to a slower one unseen.
func TestConv2DVariants(t *testing.T) {
	same := Conv2D{Stride: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}}
	groups := func(g int) Conv2D { o := same; o.Groups = g; return o }
	size, k3 := [3]int{1, 14, 14}, [2]int{3, 3}
	for _, r := range []struct {
		name     string
		c        Case
		gpu, cpu string
	}{
		{"3x3", same.conv(size, k3, [2]int{16, 16}, F32), "conv2d_tile.wgsl", "conv2d.wgsl"},
		{"two sources", same.join(size, k3, 16, 16, 16, F32), "conv2d_tile.wgsl", "conv2d.wgsl"},
		{"1x1", Conv2D{Stride: [2]int{1, 1}}.conv(size, [2]int{1, 1}, [2]int{16, 16}, F32), "matmul_tile.wgsl", "matmul.wgsl"},
		{"1x1 stride 2", Conv2D{Stride: [2]int{2, 2}}.conv(size, [2]int{1, 1}, [2]int{16, 16}, F32), "conv2d_tile.wgsl", "conv2d.wgsl"},
		{"depthwise", groups(16).conv(size, k3, [2]int{16, 16}, F32), "depthwise.wgsl", "depthwise.wgsl"},
		{"groups", groups(4).conv(size, k3, [2]int{16, 16}, F32), "conv2d_group.wgsl", "conv2d_group.wgsl"},
	} {
		out, err := r.c.Op.Infer(r.c.In)
		if err != nil {
			t.Fatal(err)
		}
		for cpu, want := range map[bool]string{false: r.gpu, true: r.cpu} {
			target := DefaultTarget()
			target.CPU = cpu
			rec, err := r.c.Op.Record(target, r.c.In, out)
			if err != nil {
				t.Fatal(err)
			}
			if got := rec.Steps[0].Shader; got != want {
				t.Errorf("%s, cpu %t: %s, want %s", r.name, cpu, got, want)
			}
		}
	}
}
