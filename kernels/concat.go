package kernels

import (
	"fmt"
	"math/rand/v2"
)

// Concat puts its inputs, two or more tensors [N, H, W, C_i], side by side along
// the channels: y [N, H, W, sum of C_i], tightly packed.
type Concat struct{}

func (o Concat) Name() string { return "concat" }

func (o Concat) Infer(in []Tensor) ([]Tensor, error) {
	if len(in) < 2 {
		return nil, fmt.Errorf("%w: %d inputs, want 2 or more", ErrShape, len(in))
	}
	if err := want(in, make([]Type, len(in))...); err != nil {
		return nil, err
	}
	y := in[0]
	for i, t := range in[1:] {
		if s := t.Shape; s[0] != y.Shape[0] || s[1] != y.Shape[1] || s[2] != y.Shape[2] {
			return nil, fmt.Errorf("%w: input %d is %v, want N, H and W of %v", ErrShape, i+1, s, in[0].Shape)
		}
		if y.Shape[3] += t.Shape[3]; !y.Shape.valid() {
			return nil, fmt.Errorf("%w: output %v is not below 2^31 values", ErrShape, y)
		}
	}
	return []Tensor{y}, nil
}

func (o Concat) Record(t Target, in, out []Tensor) (Record, error) {
	var rec Record
	y, first := out[0].Shape, 0
	for i, x := range in {
		s := x.Shape
		span := (first%4 + s[3] + 3) / 4
		g, err := t.Grid((s.Pixels()*span + 63) / 64)
		if err != nil {
			return Record{}, err
		}
		rec.Steps = append(rec.Steps, Dispatch{
			Shader:  "concat.wgsl",
			Bind:    []Operand{In(i), Out(0)},
			Uniform: concatParams{uint32(s.Pixels() * span), uint32(span), uint32(s.C4()), uint32(y.C4()), uint32(first)},
			Groups:  g,
		})
		first += s[3]
	}
	return rec, nil
}

type concatParams struct{ Vectors, Span, XC4, YC4, First uint32 }

func (o Concat) Reference(in, out []*Array) {
	for i := range out[0].Shape.Pixels() {
		y := out[0].Row(i)
		for _, x := range in {
			y = y[copy(y, x.Row(i)):]
		}
	}
}

func init() {
	of := func(name string, n, h, w int, channels ...int) Case {
		c := Case{Name: name, Op: Concat{}}
		for _, k := range channels {
			c.In = append(c.In, Float(n, h, w, k))
		}
		return c
	}
	unet := of("noise and condition 4x224x224x6", 4, 224, 224, 3, 3)
	unet.Bench = true
	features := of("features 14x14x272", 1, 14, 14, 24, 32, 56, 160)
	features.Bench = true
	register(Entry{
		Name: "concat", Class: Elementwise, Files: []string{"concat.wgsl"},
		Cases: []Case{
			of("one pixel", 1, 1, 1, 1, 1),
			of("six of one channel", 2, 3, 5, 1, 1, 1, 1, 1, 1),
			of("odd", 2, 3, 5, 7, 2, 9, 4, 5),
			of("shift by 1", 2, 3, 5, 5, 4, 3),
			of("shift by 2", 2, 3, 5, 6, 8, 1),
			of("shift by 3", 2, 3, 5, 3, 13, 4),
			unet, features,
		},
		Random: func(r *rand.Rand) Case {
			var channels []int
			for range 2 + r.IntN(5) {
				channels = append(channels, extent(r, 40))
			}
			return of("", extent(r, 3), extent(r, 20), extent(r, 20), channels...)
		},
	})
}
