package kernels

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Softmax is y_c = exp(x_c)/sum_k exp(x_k) over the channels of a pixel, with the
// maximum taken off first; x and y [N, H, W, C]. A channel of -Inf beside a finite
// one gets zero.
type Softmax struct{}

func (o Softmax) Name() string { return "softmax" }

func (o Softmax) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32); err != nil {
		return nil, err
	}
	return []Tensor{in[0]}, nil
}

func (o Softmax) Record(t Target, in, out []Tensor) (Record, error) {
	s := in[0].Shape
	tile := newRowTile(t, s.C4())
	return single(t, Dispatch{
		Shader:  "softmax.wgsl",
		Set:     tile.settings(),
		Uniform: struct{ Pixels, C4, Channels uint32 }{uint32(s.Pixels()), uint32(s.C4()), uint32(s[3])},
	}, 1, 1, s.Pixels(), tile.rows)
}

func (o Softmax) Reference(in, out []*Array) {
	for i := range in[0].Shape.Pixels() {
		x, y := in[0].Row(i), out[0].Row(i)
		top, sum := slices.Max(x), 0.0
		for c := range x {
			y[c] = math.Exp(x[c] - top)
			sum += y[c]
		}
		for c := range y {
			y[c] /= sum
		}
	}
}

func init() {
	register(Entry{
		Name: "softmax", Class: Norm, Files: []string{"softmax.wgsl"},
		Cases: []Case{
			{Name: "one value", Op: Softmax{}, In: []Tensor{Float(1, 1, 1, 1)}},
			{Name: "7 channels to 30", Op: Softmax{}, In: []Tensor{Float(2, 5, 3, 7)}, Fill: wide},
			{Name: "far from zero", Op: Softmax{}, In: []Tensor{Float(1, 3, 5, 70)}, Fill: offset},
			{Name: "minus infinity", Op: Softmax{}, In: []Tensor{Float(1, 3, 5, 70)}, Fill: func(r *rand.Rand, in []*Array) {
				for i := range in[0].Shape.Pixels() {
					in[0].Row(i)[r.IntN(70)] = math.Inf(-1)
				}
			}},
			{Name: "600 channels", Op: Softmax{}, In: []Tensor{Float(1, 1, 9, 602)}},
			{Name: "rows 784x784", Op: Softmax{}, In: []Tensor{Float(1, 1, 784, 784)}, Bench: true},
		},
		Random: func(r *rand.Rand) Case {
			return Case{Op: Softmax{}, In: []Tensor{Float(extent(r, 3), extent(r, 20), extent(r, 20), extent(r, 70))}, Fill: wide}
		},
	})
}
