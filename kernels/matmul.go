package kernels

import (
	"fmt"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// MatMul is y = act(Scale * a b + bias) + residual: a linear layer, or a product of
// two activations.
//
// Inputs, in this order: a [N, H, W, K]; b, f32 or f16; with Bias bias [1, 1, 1, M];
// with Residual residual, of y's shape. Output: y [N, H, W, M].
//
// b is [B, 1, K, M], where K may be padded to four with rows of zeros, as PackLinear
// makes it, or with TransposeB [B, 1, M, K]. B is 1, then every row of a is
// multiplied with it, or N, then image n of a with matrix n of b.
type MatMul struct {
	TransposeB bool
	Scale      float32 // 0 stands for 1
	Act        Activation
	Bias       bool
	Residual   bool
}

func (o MatMul) Name() string { return "matmul" }

func (o MatMul) scale() float32 {
	if o.Scale == 0 {
		return 1
	}
	return o.Scale
}

func (o MatMul) epilogue() epilogue { return epilogue{o.Act, o.Bias, o.Residual} }

func (o MatMul) Infer(in []Tensor) ([]Tensor, error) {
	if o.Act >= activations {
		return nil, fmt.Errorf("%w: activation %d, want one below %d", ErrShape, o.Act, activations)
	}
	if err := want(in, epilogueTypes([]Type{F32, weightType(in, 1)}, o.Bias, o.Residual)...); err != nil {
		return nil, err
	}
	a, b := in[0].Shape, in[1].Shape
	if b[1] != 1 || b[0] != 1 && b[0] != a[0] {
		return nil, fmt.Errorf("%w: second factor %v, want 1 or %d matrices [1, rows, columns]", ErrShape, b, a[0])
	}
	y := Tensor{Shape: Shape{a[0], a[1], a[2], b[3]}}
	if o.TransposeB {
		if y.Shape[3] = b[2]; b[3] != a[3] {
			return nil, fmt.Errorf("%w: second factor %v has %d columns, want %d", ErrShape, b, b[3], a[3])
		}
	} else if b[2] != a[3] && b[2] != pad4(a[3]) {
		return nil, fmt.Errorf("%w: second factor %v has %d rows, want %d", ErrShape, b, b[2], a[3])
	}
	if !y.Shape.valid() {
		return nil, fmt.Errorf("%w: output %v is not below 2^31 values", ErrShape, y)
	}
	return []Tensor{y}, checkEpilogue(in[2:], y.Shape, o.Bias, o.Residual)
}

// Flops implements Counted.
func (o MatMul) Flops(in, out []Tensor) float64 {
	return 2 * float64(out[0].Shape.Elems()) * float64(in[0].Shape[3])
}

func (o MatMul) WithBias() (Op, bool) {
	ok := !o.Bias && !o.Residual && o.Act == Identity
	o.Bias = true
	return o, ok
}

func (o MatMul) WithActivation(a Activation) (Op, bool) {
	ok := !o.Residual && o.Act == Identity
	o.Act = a
	return o, ok
}

func (o MatMul) WithResidual() (Op, bool) {
	ok := !o.Residual
	o.Residual = true
	return o, ok
}

func (o MatMul) Record(t Target, in, out []Tensor) (Record, error) {
	a, b, y := in[0].Shape, in[1].Shape, out[0].Shape
	m := product{rows: a.Pixels(), batches: 1, k4: a.C4(), depth: b[2], columns: y[3], transpose: o.TransposeB, scale: o.scale()}
	if b[0] > 1 {
		m.rows, m.batches, m.stride = a[1]*a[2], a[0], b.Vectors()/b[0]
	}
	if m.batches == 1 && !m.transpose && m.scale == 1 {
		if rec, ok, err := (pointwise{in[:1], in[1], o.epilogue()}).recordWindows(t, y); ok {
			return rec, err
		}
	}
	return m.record(t, in, o.epilogue())
}

func (o MatMul) Reference(in, out []*Array) {
	a, b, y := in[0], in[1], out[0]
	if o.TransposeB {
		b = b.transposed()
	}
	rows, padding := b.Shape[2], make([]float64, b.Shape[3])
	parallelRows(a.Shape.Pixels(), func(i int) {
		first := 0
		if b.Shape[0] > 1 {
			first = i / (a.Shape[1] * a.Shape[2]) * rows
		}
		x, sum := a.Row(i), y.Row(i)
		for k := 0; k < len(x); k += 4 {
			v, four := [4]float64{}, [4][]float64{padding, padding, padding, padding}
			for j := range copy(v[:], x[k:]) {
				four[j] = b.Row(first + k + j)
			}
			addProduct(sum, v[:], four)
		}
		for c := range sum {
			sum[c] *= float64(o.scale())
		}
	})
	o.epilogue().apply(in[2:], y)
}

// transposed swaps W and C.
func (a *Array) transposed() *Array {
	s := a.Shape
	t := NewArray(Tensor{Shape{s[0], s[1], s[3], s[2]}, a.Type})
	eachElem(s, func(n, h, w, c int) { t.Set(n, h, c, w, a.At(n, h, w, c)) })
	return t
}

// product is the work of matmul.wgsl and matmul_tile.wgsl, named as their
// parameters are.
type product struct {
	batches, rows, k4, depth, columns, first, stride int

	transpose bool
	add       bool // on a CPU
	scale     float32
}

func (m product) record(t Target, in []Tensor, e epilogue) (Record, error) {
	d, groups := m.dispatch(t)
	return e.record(t, d, in, groups)
}

// dispatch lacks bindings and epilogue.
func (m product) dispatch(t Target) (d Dispatch, groups int) {
	columns4 := ceilDiv(m.columns, 4)
	p := matmulParams{
		Batches: uint32(m.batches), Rows: uint32(m.rows), K4: uint32(m.k4), Depth: uint32(m.depth),
		Columns: uint32(m.columns), Columns4: uint32(columns4), First: uint32(m.first), Stride: uint32(m.stride), Scale: m.scale,
	}
	if t.CPU {
		b := rowBlock(m.batches, m.rows, columns4)
		p.RowTiles = uint32(ceilDiv(m.rows, b.rows))
		p.ColTiles, p.Lanes = uint32(b.columnTiles(columns4)), uint32(b.lanes)
		groups = b.groups(m.batches*int(p.RowTiles), columns4)
		d = Dispatch{Shader: "matmul.wgsl", Set: append(b.settings(), setting("ADD", m.add)...)}
	} else {
		b := sharedBlock(m.rows, m.batches, columns4)
		p.RowTiles = uint32(ceilDiv(m.rows, 8*b.rows))
		p.ColTiles = uint32(ceilDiv(columns4, 8*b.columns))
		groups = m.batches * int(p.RowTiles*p.ColTiles)
		d = Dispatch{Shader: "matmul_tile.wgsl", Set: b.settings()}
	}
	if m.transpose {
		d.Set = append(d.Set, shaders.Int("TRANSPOSE", 1))
	}
	d.Uniform = p
	return d, groups
}

type matmulParams struct {
	Batches, Rows, K4, Depth, Columns, Columns4, First, Stride, RowTiles, ColTiles, Lanes uint32

	Scale float32
}

// multiply makes a case of a [n, h, w, k] and b with the given number of matrices
// and columns; a packed b has the rows of K's padding.
func (o MatMul) multiply(n, h, w, k, matrices, columns int, packed bool, weight Type) Case {
	b := Tensor{Shape{matrices, 1, k, columns}, weight}
	c := Case{Op: o}
	switch {
	case o.TransposeB:
		b.Shape[2], b.Shape[3] = columns, k
	case packed:
		b.Shape[2] = pad4(k)
		c.Fill = func(_ *rand.Rand, in []*Array) {
			for row := range in[1].Shape.Pixels() {
				if row%pad4(k) >= k {
					clear(in[1].Row(row))
				}
			}
		}
	}
	y := Shape{n, h, w, columns}
	c.In = append([]Tensor{Float(n, h, w, k), b}, epilogueInputs(y, o.Bias, o.Residual)...)
	c.Flops = o.Flops(c.In, []Tensor{{Shape: y}})
	if weight == F16 {
		c.Bound, c.Why = 1e-6, "weights are stored as half floats"
	}
	return c
}

func init() {
	linear := MatMul{Bias: true}
	full := MatMul{Scale: 0.125, Act: GELU, Bias: true, Residual: true}
	scores := MatMul{Scale: 0.125, TransposeB: true}
	e := Entry{Name: "matmul", Class: Contraction, Files: []string{"matmul.wgsl", "matmul_tile.wgsl"}}
	add := func(name string, bench bool, c Case) {
		c.Name, c.Bench = name, bench
		e.Cases = append(e.Cases, c)
	}
	add("one value", false, MatMul{}.multiply(1, 1, 1, 1, 1, 1, true, F32))
	add("7x7 by 7x7", false, full.multiply(1, 1, 7, 7, 1, 7, true, F32))
	add("7x7 by 7x7 without padding rows", false, full.multiply(1, 1, 7, 7, 1, 7, false, F32))
	add("7 rows of 2x3 pixels f16", false, full.multiply(7, 2, 3, 9, 1, 33, true, F16))
	add("3 products of 65x33 by 33x17", false, full.multiply(3, 1, 65, 33, 3, 17, false, F32))
	add("3 products of 65x33 by transposed 17x33", false, MatMul{TransposeB: true, Act: ReLU, Bias: true, Residual: true}.multiply(3, 1, 65, 33, 3, 17, false, F32))
	add("transposed f16 shared by 2", false, scores.multiply(2, 1, 5, 6, 1, 70, false, F16))
	add("time embedding 64->256", false, MatMul{Bias: true, Act: SiLU}.multiply(8, 1, 1, 64, 1, 256, true, F32))
	add("65,536 workgroups", false, MatMul{}.multiply(65537, 1, 1, 1, 65537, 1, false, F32))
	add("linear 272->256 of 196 tokens", true, linear.multiply(1, 14, 14, 272, 1, 256, true, F32))
	add("linear 256->1024 of 196 tokens", true, MatMul{Bias: true, Act: ReLU}.multiply(1, 1, 196, 256, 1, 1024, true, F32))
	add("linear 1024->256 of 196 tokens f16", true, MatMul{Bias: true, Residual: true}.multiply(1, 1, 196, 1024, 1, 256, true, F16))
	add("4 scores of 784 tokens", true, scores.multiply(4, 1, 784, 64, 4, 784, false, F32))
	add("512x512x512", true, MatMul{}.multiply(1, 1, 512, 512, 1, 512, true, F32))
	e.Random = func(r *rand.Rand) Case {
		o := MatMul{TransposeB: r.IntN(2) == 0, Scale: float32(r.IntN(3)), Act: Activation(r.IntN(int(activations))), Bias: r.IntN(2) == 0, Residual: r.IntN(2) == 0}
		n, matrices := extent(r, 5), 1
		if r.IntN(2) == 0 {
			matrices = n
		}
		return o.multiply(n, extent(r, 5), extent(r, 70), extent(r, 70), matrices, extent(r, 140), r.IntN(2) == 0, Type(r.IntN(2)))
	}
	register(e)
}
