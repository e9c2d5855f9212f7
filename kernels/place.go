package kernels

import (
	"fmt"
	"math/rand/v2"
)

// Place puts x into zeros, the inverse of Slice: y has Extent along Axis (0 to 3:
// N, H, W, C), and x is there from Start on.
type Place struct{ Axis, Start, Extent int }

func (o Place) Name() string { return "place" }

func (o Place) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32); err != nil {
		return nil, err
	}
	if o.Axis < 0 || o.Axis > 3 {
		return nil, fmt.Errorf("%w: axis %d, want 0 to 3", ErrShape, o.Axis)
	}
	y := in[0]
	if o.Start < 0 || o.Start > o.Extent-y.Shape[o.Axis] {
		return nil, fmt.Errorf("%w: %v from %d on along axis %c, which has %d", ErrShape, y, o.Start, "NHWC"[o.Axis], o.Extent)
	}
	y.Shape[o.Axis] = o.Extent
	if !y.Shape.valid() {
		return nil, fmt.Errorf("%w: output %v is not below 2^31 values", ErrShape, y)
	}
	return []Tensor{y}, nil
}

func (o Place) Record(t Target, in, out []Tensor) (Record, error) {
	x, y := in[0].Shape, out[0].Shape
	var first [4]int
	first[o.Axis] = o.Start
	return single(t, Dispatch{
		Shader: "place.wgsl",
		Uniform: struct{ Vectors, C4, H, W, XN, XH, XW, XC, XC4, N0, H0, W0, C0 uint32 }{
			uint32(y.Vectors()), uint32(y.C4()), uint32(y[1]), uint32(y[2]),
			uint32(x[0]), uint32(x[1]), uint32(x[2]), uint32(x[3]), uint32(x.C4()),
			uint32(first[0]), uint32(first[1]), uint32(first[2]), uint32(first[3]),
		},
	}, 1, 1, y.Vectors(), 64)
}

func (o Place) Reference(in, out []*Array) {
	var at [4]int
	at[o.Axis] = o.Start
	eachElem(in[0].Shape, func(n, h, w, c int) {
		out[0].Set(n+at[0], h+at[1], w+at[2], c+at[3], in[0].At(n, h, w, c))
	})
}

// Gradient takes the place out again.
func (o Place) Gradient(t Tape, a Applied) ([]Ref, error) {
	return []Ref{apply(t, Slice{o.Axis, o.Start, t.Tensor(a.In[0]).Shape[o.Axis]}, a.DOut[0])}, nil
}

// Gradient is zero outside of the slice.
func (o Slice) Gradient(t Tape, a Applied) ([]Ref, error) {
	return []Ref{apply(t, Place{o.Axis, o.Start, t.Tensor(a.In[0]).Shape[o.Axis]}, a.DOut[0])}, nil
}

func init() {
	x := Float(2, 3, 4, 6)
	of := func(name string, axis, start, extent int) Case {
		return Case{Name: name, Op: Place{axis, start, extent}, In: []Tensor{x}}
	}
	register(Entry{
		Name: "place", Class: Elementwise, Files: []string{"place.wgsl"},
		Cases: []Case{
			of("images", 0, 1, 4), of("rows", 1, 2, 5), of("columns", 2, 0, 9), of("all of it", 3, 0, 6),
			of("channels from 1", 3, 1, 9), of("channels from 4", 3, 4, 10), of("channels from 7", 3, 7, 13),
			{Name: "one value", Op: Place{3, 2, 3}, In: []Tensor{Float(1, 1, 1, 1)}},
		},
		Random: func(r *rand.Rand) Case {
			x := Float(extent(r, 4), extent(r, 20), extent(r, 20), extent(r, 70))
			axis, start := r.IntN(4), r.IntN(9)
			return Case{Op: Place{axis, start, start + x.Shape[axis] + r.IntN(9)}, In: []Tensor{x}}
		},
	})
}
