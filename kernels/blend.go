package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Blend is y = a*y + b*x, which adds up gradients (1, 1) and follows weights with a
// moving average (d, 1-d). Inputs: y and x, alike, and the coefficients [1, 1, 1, 2],
// a and b. With a = 0 what y holds, NaN too, does not count. The output may take the
// place of y.
type Blend struct{}

func (o Blend) Name() string { return "blend" }

func (o Blend) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32, F32, F32); err != nil {
		return nil, err
	}
	if in[1] != in[0] || in[2].Shape != (Shape{1, 1, 1, 2}) {
		return nil, fmt.Errorf("%w: x %v and coefficients %v, want %v and 1x1x1x2", ErrShape, in[1], in[2].Shape, in[0])
	}
	return in[:1:1], nil
}

// Record copies y and works in place on the copy.
func (o Blend) Record(t Target, in, out []Tensor) (Record, error) {
	var rec Record
	if err := copyTo(t, &rec, In(0), Out(0), in[0].Shape); err != nil {
		return Record{}, err
	}
	return rec, o.add(t, &rec, in[0].Shape, Out(0))
}

// RecordInPlace implements InPlace.
func (o Blend) RecordInPlace(t Target, in []Tensor) (Record, error) {
	var rec Record
	return rec, o.add(t, &rec, in[0].Shape, In(0))
}

func (o Blend) add(t Target, rec *Record, s Shape, y Operand) error {
	d := Dispatch{Shader: "blend.wgsl", Bind: []Operand{y, In(1), In(2)}, Uniform: struct{ Vectors uint32 }{uint32(s.Vectors())}}
	var err error
	d.Groups, err = t.Grid(ceilDiv(s.Vectors(), 64))
	rec.Steps = append(rec.Steps, d)
	return err
}

func (o Blend) Reference(in, out []*Array) {
	a, b := in[2].Data[0], in[2].Data[1]
	for i, x := range in[1].Data {
		out[0].Data[i] = b * x
		if a != 0 {
			out[0].Data[i] += a * in[0].Data[i]
		}
	}
}

func init() {
	of := func(name string, x Tensor) Case {
		return Case{Name: name, Op: Blend{}, In: []Tensor{x, x, Float(1, 1, 1, 2)}}
	}
	replaced := of("a NaN replaced", Float(2, 3, 5, 7))
	replaced.Fill = func(_ *rand.Rand, in []*Array) { in[0].Data[5], in[2].Data[0] = math.NaN(), 0 }
	register(Entry{
		Name: "blend", Class: Elementwise, Files: []string{"blend.wgsl"},
		Cases: []Case{of("one value", Float(1, 1, 1, 1)), of("7 channels", Float(2, 3, 5, 7)), replaced},
		Random: func(r *rand.Rand) Case {
			return of("", Float(extent(r, 3), extent(r, 9), extent(r, 70), extent(r, 70)))
		},
	})
}
