package kernels

import (
	"fmt"
	"math/rand/v2"
)

// Dilate puts zeros between the pixels of x [N, h, w, C]: pixel (i, j) of x is
// pixel (i Stride[0], j Stride[1]) of y, which is [N, (h-1)Stride[0]+1,
// (w-1)Stride[1]+1, C].
type Dilate struct{ Stride [2]int }

func (o Dilate) Name() string { return "dilate" }

func (o Dilate) Infer(in []Tensor) ([]Tensor, error) {
	if min(o.Stride[0], o.Stride[1]) < 1 {
		return nil, fmt.Errorf("%w: stride %v, want 1 or more", ErrShape, o.Stride)
	}
	if err := want(in, F32); err != nil {
		return nil, err
	}
	y := in[0]
	for i, s := range o.Stride {
		y.Shape[1+i] = (y.Shape[1+i]-1)*s + 1
	}
	if !y.Shape.valid() {
		return nil, fmt.Errorf("%w: output %v is not below 2^31 values", ErrShape, y)
	}
	return []Tensor{y}, nil
}

func (o Dilate) Record(t Target, in, out []Tensor) (Record, error) {
	x, y := in[0].Shape, out[0].Shape
	return single(t, Dispatch{
		Shader: "dilate.wgsl",
		Uniform: struct{ Vectors, C4, H, W, XH, XW, Stride_Y, Stride_X uint32 }{
			uint32(y.Vectors()), uint32(y.C4()), uint32(y[1]), uint32(y[2]), uint32(x[1]), uint32(x[2]), uint32(o.Stride[0]), uint32(o.Stride[1]),
		},
	}, 1, 1, y.Vectors(), 64)
}

func (o Dilate) Reference(in, out []*Array) {
	eachElem(in[0].Shape, func(n, h, w, c int) {
		out[0].Set(n, h*o.Stride[0], w*o.Stride[1], c, in[0].At(n, h, w, c))
	})
}

func init() {
	of := func(name string, x Tensor, sy, sx int) Case {
		return Case{Name: name, Op: Dilate{[2]int{sy, sx}}, In: []Tensor{x}}
	}
	register(Entry{
		Name: "dilate", Class: Elementwise, Files: []string{"dilate.wgsl"},
		Cases: []Case{
			of("one pixel", Float(1, 1, 1, 1), 2, 2),
			of("2x2", Float(2, 3, 5, 7), 2, 2),
			of("columns", Float(2, 3, 5, 7), 1, 3),
		},
		Random: func(r *rand.Rand) Case {
			return of("", Float(extent(r, 3), extent(r, 17), extent(r, 17), extent(r, 40)), 1+r.IntN(3), 1+r.IntN(3))
		},
	})
}
