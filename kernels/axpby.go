package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// AxpBy is y = a*x + b*z, such as a step of DDIM. The inputs are x and z
// [N, H, W, C] and the coefficients [N or 1, 1, 1, 2], which hold (a, b) of each
// image: an input, so that they may change from replay to replay.
type AxpBy struct{}

func (o AxpBy) Name() string { return "axpby" }

func (o AxpBy) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32, F32, F32); err != nil {
		return nil, err
	}
	if in[1] != in[0] {
		return nil, fmt.Errorf("%w: z is %v, want %v as x", ErrShape, in[1], in[0])
	}
	if k := in[2].Shape; k[0] != 1 && k[0] != in[0].Shape[0] || k[1] != 1 || k[2] != 1 || k[3] != 2 {
		return nil, fmt.Errorf("%w: coefficients are %v, want 1x1x1x2 or %dx1x1x2", ErrShape, k, in[0].Shape[0])
	}
	return []Tensor{in[0]}, nil
}

func (o AxpBy) Record(t Target, in, out []Tensor) (Record, error) {
	s := out[0].Shape
	p := axpbyParams{Vectors: uint32(s.Vectors()), Image: uint32(s.Vectors() / s[0])}
	if in[2].Shape[0] == 1 {
		p.Image = math.MaxUint32
	}
	return single(t, Dispatch{Shader: "axpby.wgsl", Uniform: p}, 3, 1, s.Vectors(), 64)
}

type axpbyParams struct{ Vectors, Image uint32 }

func (o AxpBy) Reference(in, out []*Array) {
	x, z, k := in[0], in[1], in[2]
	eachElem(x.Shape, func(n, h, w, c int) {
		a, b := k.repeated(n, 0, 0, 0), k.repeated(n, 0, 0, 1)
		out[0].Set(n, h, w, c, a*x.At(n, h, w, c)+b*z.At(n, h, w, c))
	})
}

func init() {
	of := func(name string, coef int, x Tensor, bench bool) Case {
		return Case{Name: name, Op: AxpBy{}, In: []Tensor{x, x, Float(coef, 1, 1, 2)}, Bench: bench}
	}
	register(Entry{
		Name: "axpby", Class: Elementwise, Files: []string{"axpby.wgsl"},
		Cases: []Case{
			of("one pixel", 1, Float(1, 1, 1, 1), false),
			of("shared coefficients", 1, Float(3, 5, 7, 7), false),
			of("coefficients of each image", 3, Float(3, 5, 7, 7), false),
			of("DDIM step 4x224x224x3", 4, Float(4, 224, 224, 3), true),
		},
		Random: func(r *rand.Rand) Case {
			n := extent(r, 5)
			coef := n
			if r.IntN(2) == 0 {
				coef = 1
			}
			return of("", coef, Float(n, extent(r, 40), extent(r, 40), extent(r, 70)), false)
		},
	})
}
