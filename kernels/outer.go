package kernels

import (
	"fmt"
	"math/rand/v2"
)

// Outer is y = Scale a^T b for every image: the sum over its pixels of the products of a
// vector of a and one of b. Inputs: a [N, H, W, R] and b [N, H, W, M]; output: y
// [N, 1, R, M].
type Outer struct {
	Scale float32 // 0 stands for 1
}

func (o Outer) Name() string { return "outer" }

func (o Outer) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32, F32); err != nil {
		return nil, err
	}
	a, b := in[0].Shape, in[1].Shape
	if [3]int(a[:3]) != [3]int(b[:3]) {
		return nil, fmt.Errorf("%w: second factor %v, want the pixels of %v", ErrShape, b, a)
	}
	y := Float(a[0], 1, a[3], b[3])
	if !y.Shape.valid() {
		return nil, fmt.Errorf("%w: output %v is not below 2^31 values", ErrShape, y)
	}
	return []Tensor{y}, nil
}

// Flops implements Counted.
func (o Outer) Flops(in, out []Tensor) float64 {
	return 2 * float64(in[0].Shape.Elems()) * float64(in[1].Shape[3])
}

// Record turns a for the product of a GPU, which reads rows.
func (o Outer) Record(t Target, in, out []Tensor) (Record, error) {
	a, b, scale := in[0].Shape, in[1].Shape, MatMul{Scale: o.Scale}.scale()
	n, pixels := a[0], a[1]*a[2]
	var rec Record
	if t.CPU {
		return rec, outerProducts{
			points: n, tiles: pixels, rows4: a.C4(), k4: b.C4(), v: t.windows(In(0), a.Vectors()), m: t.windows(In(1), b.Vectors()),
			du: Out(0), rows: a[3], line: b.C4(), side: 1, down: a[3] * b.C4(), scale: scale,
		}.record(t, &rec)
	}
	turned := Float(n, 1, a[3], pixels)
	turn, err := Permute{[4]int{0, 1, 3, 2}}.Record(t, []Tensor{Float(n, 1, pixels, a[3])}, []Tensor{turned})
	if err != nil {
		return Record{}, err
	}
	multiply, err := product{batches: n, rows: a[3], k4: turned.Shape.C4(), depth: pixels, columns: b[3], stride: pixels * b.C4(), scale: scale}.record(t, in, epilogue{})
	if err != nil {
		return Record{}, err
	}
	rec.Temps = []int{turned.Bytes()}
	turn.Steps[0].Bind = []Operand{In(0), Temp(0)}
	multiply.Steps[0].Bind = epilogue{}.bind(&rec, Temp(0), 1)
	rec.Steps = append(turn.Steps, multiply.Steps...)
	return rec, nil
}

func (o Outer) Reference(in, out []*Array) {
	a, b, y := in[0], in[1], out[0]
	pixels, rows := a.Shape[1]*a.Shape[2], a.Shape[3]
	scale := float64(MatMul{Scale: o.Scale}.scale())
	parallelRows(a.Shape[0], func(n int) {
		for i := range pixels {
			w := b.Row(n*pixels + i)
			for r, v := range a.Row(n*pixels + i) {
				sum := y.Row(n*rows + r)
				for c, d := range w {
					sum[c] += scale * v * d
				}
			}
		}
	})
}

func init() {
	of := func(name string, o Outer, n, h, w, rows, columns int) Case {
		c := Case{Name: name, Op: o, In: []Tensor{Float(n, h, w, rows), Float(n, h, w, columns)}}
		c.Flops = o.Flops(c.In, nil)
		return c
	}
	bench := of("8 heads of 196 tokens", Outer{Scale: 0.125}, 8, 1, 196, 196, 32)
	bench.Bench = true
	register(Entry{
		Name: "outer", Class: Contraction, Files: []string{"outer_points.wgsl", "outer_window.wgsl"},
		Cases: []Case{
			of("one value", Outer{}, 1, 1, 1, 1, 1),
			of("7 by 5", Outer{Scale: 3}, 2, 3, 3, 7, 5),
			of("many pixels", Outer{}, 1, 33, 31, 70, 9),
			of("many images", Outer{}, 65, 1, 6, 5, 13),
			bench,
		},
		Random: func(r *rand.Rand) Case {
			return of("", Outer{Scale: float32(r.IntN(3))}, extent(r, 5), extent(r, 20), extent(r, 20), extent(r, 70), extent(r, 70))
		},
	})
}
