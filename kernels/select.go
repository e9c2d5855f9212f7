package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Select is y = a where the mask is not zero and b elsewhere. The inputs are the
// mask, a and b [N, H, W, C]; an extent of 1 of any is repeated to the others'.
// A value that is not taken may be NaN or infinite.
type Select struct{}

func (o Select) Name() string { return "select" }

func (o Select) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32, F32, F32); err != nil {
		return nil, err
	}
	y, err := broadcast(in[0].Shape, in[1].Shape, in[2].Shape)
	if err != nil {
		return nil, err
	}
	if !y.valid() {
		return nil, fmt.Errorf("%w: output %v is not below 2^31 values", ErrShape, y)
	}
	return []Tensor{{y, F32}}, nil
}

func (o Select) Record(t Target, in, out []Tensor) (Record, error) {
	s := out[0].Shape
	m, a, b := repeat(in[0].Shape, s), repeat(in[1].Shape, s), repeat(in[2].Shape, s)
	return single(t, Dispatch{
		Shader: "select.wgsl",
		Uniform: selectParams{
			uint32(s.Vectors()), uint32(s.C4()), uint32(s[3]), uint32(s[1]), uint32(s[2]),
			m[0], m[1], m[2], m[3], a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3],
		},
	}, 3, 1, s.Vectors(), 64)
}

type selectParams struct {
	Vectors, C4, Channels, H, W, MN, MH, MW, MC, AN, AH, AW, AC, BN, BH, BW, BC uint32
}

func (o Select) Reference(in, out []*Array) {
	eachElem(out[0].Shape, func(n, h, w, c int) {
		from := in[2]
		if in[0].repeated(n, h, w, c) != 0 {
			from = in[1]
		}
		out[0].Set(n, h, w, c, from.repeated(n, h, w, c))
	})
}

func init() {
	of := func(name string, mask, a, b Tensor, bench bool) Case {
		return Case{Name: name, Op: Select{}, In: []Tensor{mask, a, b}, Fill: halfMask, Bench: bench}
	}
	register(Entry{
		Name: "select", Class: Elementwise, Files: []string{"select.wgsl"},
		Cases: []Case{
			of("one pixel", Float(1, 1, 1, 1), Float(1, 1, 1, 1), Float(1, 1, 1, 1), false),
			of("mask of each channel", Float(2, 5, 3, 7), Float(2, 5, 3, 7), Float(2, 5, 3, 7), false),
			of("one mask for all", Float(1, 5, 3, 1), Float(4, 5, 3, 7), Float(1, 5, 3, 7), false),
			of("first repeated", Float(4, 5, 3, 1), Float(1, 5, 3, 7), Float(4, 5, 3, 7), false),
			{
				Name: "values not taken are NaN", Op: Select{}, In: []Tensor{Float(1, 4, 4, 5), Float(1, 4, 4, 5), Float(1, 4, 4, 5)},
				Fill: func(r *rand.Rand, in []*Array) {
					halfMask(r, in)
					eachElem(in[0].Shape, func(n, h, w, c int) {
						not := in[1]
						if in[0].At(n, h, w, c) != 0 {
							not = in[2]
						}
						not.Set(n, h, w, c, math.NaN())
					})
				},
			},
			of("known cells 4x224x224x3", Float(4, 224, 224, 1), Float(4, 224, 224, 3), Float(1, 224, 224, 3), true),
		},
		Random: func(r *rand.Rand) Case {
			y := Shape{extent(r, 4), extent(r, 40), extent(r, 40), extent(r, 70)}
			s := [3]Shape{y, y, y}
			for i := range y {
				if k := r.IntN(6); k < 3 {
					s[k][i] = 1
				}
			}
			return of("", Tensor{s[0], F32}, Tensor{s[1], F32}, Tensor{s[2], F32}, false)
		},
	})
}

// halfMask makes the first input zero in about half of its places.
func halfMask(r *rand.Rand, in []*Array) {
	eachElem(in[0].Shape, func(n, h, w, c int) {
		if r.IntN(2) == 0 {
			in[0].Set(n, h, w, c, 0)
		}
	})
}
