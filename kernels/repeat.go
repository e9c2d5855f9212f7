package kernels

import (
	"fmt"
	"math/rand/v2"
)

// Repeat is y = Scale*x repeated to Shape: every extent of x [N, H, W, C] is that
// of Shape or 1. With the shape of x it scales.
type Repeat struct {
	Shape Shape
	Scale float32
}

func (o Repeat) Name() string { return "repeat" }

func (o Repeat) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32); err != nil {
		return nil, err
	}
	if y, err := broadcast(in[0].Shape, o.Shape); err != nil || y != o.Shape || !y.valid() {
		return nil, fmt.Errorf("%w: %v does not repeat to %v", ErrShape, in[0].Shape, o.Shape)
	}
	return []Tensor{{o.Shape, F32}}, nil
}

func (o Repeat) Record(t Target, in, out []Tensor) (Record, error) {
	d := o.dispatch(in[0].Shape, out[0].Shape)
	return single(t, d, 1, 1, out[0].Shape.Vectors(), 64)
}

func (o Repeat) dispatch(x, y Shape) Dispatch {
	s := repeat(x, y)
	return Dispatch{
		Shader:  "repeat.wgsl",
		Uniform: repeatParams{uint32(y.Vectors()), uint32(y.C4()), uint32(y[3]), uint32(y[1]), uint32(y[2]), s[0], s[1], s[2], s[3], o.Scale},
	}
}

type repeatParams struct {
	Vectors, C4, Channels, H, W, XN, XH, XW, XC uint32
	Scale                                       float32
}

// copyTo records y = x for operations that work in place.
func copyTo(t Target, rec *Record, x, y Operand, s Shape) error {
	d := Repeat{s, 1}.dispatch(s, s)
	d.Bind = []Operand{x, y}
	var err error
	d.Groups, err = t.Grid(ceilDiv(s.Vectors(), 64))
	rec.Steps = append(rec.Steps, d)
	return err
}

func (o Repeat) Reference(in, out []*Array) {
	eachElem(o.Shape, func(n, h, w, c int) {
		out[0].Set(n, h, w, c, float64(o.Scale)*in[0].repeated(n, h, w, c))
	})
}

// Gradient adds up what was repeated.
func (o Repeat) Gradient(t Tape, a Applied) ([]Ref, error) {
	return []Ref{sumTo(t, scaled(t, a.DOut[0], o.Scale), t.Tensor(a.In[0]).Shape)}, nil
}

func init() {
	of := func(name string, x, y Shape, scale float32) Case {
		return Case{Name: name, Op: Repeat{y, scale}, In: []Tensor{{x, F32}}}
	}
	big := Shape{4, 56, 56, 64}
	bench := of("scale 4x56x56x64", big, big, 0.5)
	bench.Bench = true
	register(Entry{
		Name: "repeat", Class: Elementwise, Files: []string{"repeat.wgsl"},
		Cases: []Case{
			of("one value", Shape{1, 1, 1, 1}, Shape{1, 1, 1, 1}, 1),
			of("one value to all", Shape{1, 1, 1, 1}, Shape{2, 3, 5, 7}, -2),
			of("images", Shape{1, 3, 5, 7}, Shape{4, 3, 5, 7}, 0.25),
			of("rows", Shape{2, 1, 5, 7}, Shape{2, 3, 5, 7}, 1),
			of("columns", Shape{2, 3, 1, 7}, Shape{2, 3, 5, 7}, 1),
			of("channels", Shape{2, 3, 5, 1}, Shape{2, 3, 5, 7}, 3),
			bench,
		},
		Random: func(r *rand.Rand) Case {
			y := Shape{extent(r, 4), extent(r, 40), extent(r, 40), extent(r, 70)}
			x := y
			for i := range x {
				if r.IntN(3) == 0 {
					x[i] = 1
				}
			}
			return of("", x, y, float32(r.NormFloat64()))
		},
	})
}
