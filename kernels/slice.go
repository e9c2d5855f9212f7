package kernels

import (
	"fmt"
	"math/rand/v2"
)

// Slice is y = x from Start on, Len long, along Axis (0 to 3: N, H, W, C).
type Slice struct{ Axis, Start, Len int }

func (o Slice) Name() string { return "slice" }

func (o Slice) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32); err != nil {
		return nil, err
	}
	if o.Axis < 0 || o.Axis > 3 {
		return nil, fmt.Errorf("%w: axis %d, want 0 to 3", ErrShape, o.Axis)
	}
	y := in[0]
	if e := y.Shape[o.Axis]; o.Start < 0 || o.Len < 1 || o.Len > e || o.Start > e-o.Len {
		return nil, fmt.Errorf("%w: %d values from %d on, axis %c of %v has %d", ErrShape, o.Len, o.Start, "NHWC"[o.Axis], y.Shape, e)
	}
	y.Shape[o.Axis] = o.Len
	return []Tensor{y}, nil
}

func (o Slice) Record(t Target, in, out []Tensor) (Record, error) {
	x, y := in[0].Shape, out[0].Shape
	var first [4]int
	first[o.Axis] = o.Start
	base := x.Index(first[0], first[1], first[2], first[3])
	return single(t, Dispatch{
		Shader: "slice.wgsl",
		Uniform: sliceParams{
			Vectors: uint32(y.Vectors()), C4: uint32(y.C4()), Channels: uint32(y[3]), H: uint32(y[1]), W: uint32(y[2]),
			Base: uint32(base / 4), Lane: uint32(base % 4),
			XN: uint32(x[1] * x[2] * x.C4()), XH: uint32(x[2] * x.C4()), XW: uint32(x.C4()),
			Left: uint32(x.C4() - first[3]/4),
		},
	}, 1, 1, y.Vectors(), 64)
}

type sliceParams struct{ Vectors, C4, Channels, H, W, Base, Lane, XN, XH, XW, Left uint32 }

func (o Slice) Reference(in, out []*Array) {
	var at [4]int
	at[o.Axis] = o.Start
	eachElem(out[0].Shape, func(n, h, w, c int) {
		out[0].Set(n, h, w, c, in[0].At(n+at[0], h+at[1], w+at[2], c+at[3]))
	})
}

func init() {
	x := Float(3, 5, 4, 11)
	of := func(name string, axis, start, size int) Case {
		return Case{Name: name, Op: Slice{axis, start, size}, In: []Tensor{x}}
	}
	register(Entry{
		Name: "slice", Class: Elementwise, Files: []string{"slice.wgsl"},
		Cases: []Case{
			of("one image", 0, 2, 1),
			of("rows", 1, 1, 3),
			of("columns", 2, 2, 2),
			of("channels from 0", 3, 0, 5),
			of("channels from 1", 3, 1, 9),
			of("channels from 2", 3, 2, 3),
			of("channels from 7", 3, 7, 4),
			of("channels from 8", 3, 8, 3),
			of("last channel", 3, 10, 1),
			{Name: "all of one pixel", Op: Slice{3, 0, 1}, In: []Tensor{Float(1, 1, 1, 1)}},
			{Name: "noise prediction 4x224x224x3", Op: Slice{3, 0, 3}, In: []Tensor{Float(4, 224, 224, 6)}, Bench: true},
		},
		Random: func(r *rand.Rand) Case {
			x := Float(extent(r, 4), extent(r, 40), extent(r, 40), extent(r, 70))
			axis := r.IntN(4)
			size := 1 + r.IntN(x.Shape[axis])
			return Case{Op: Slice{axis, r.IntN(x.Shape[axis] - size + 1), size}, In: []Tensor{x}}
		},
	})
}
