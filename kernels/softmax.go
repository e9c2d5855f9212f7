package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/drdc-dev/drdc/shaders"
)

// Softmax is y_c = exp(x_c)/sum_k exp(x_k) over the channels of a pixel, with the
// maximum taken off first; x and y [N, H, W, C]. A channel of -Inf beside a finite
// one gets zero. With Mask a second input [1, H, W, C] is added to x first, and a channel
// of at most -1e30 there, -Inf too, gets zero, also where all are.
type Softmax struct{ Mask bool }

const hidden = -1e30

func (o Softmax) Name() string { return "softmax" }

func (o Softmax) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, make([]Type, 1+int(flag(o.Mask)))...); err != nil {
		return nil, err
	}
	if s := in[0].Shape; o.Mask && in[1].Shape != (Shape{1, s[1], s[2], s[3]}) {
		return nil, fmt.Errorf("%w: mask %v, want %v", ErrShape, in[1].Shape, Shape{1, s[1], s[2], s[3]})
	}
	return []Tensor{in[0]}, nil
}

func (o Softmax) Record(t Target, in, out []Tensor) (Record, error) {
	s, mask := in[0].Shape, -1
	tile := newRowTile(t, s.C4())
	set := tile.settings()
	if o.Mask {
		mask, set = 1, append(set, shaders.Int("MASK", 1))
	}
	var rec Record
	d := Dispatch{
		Shader: "softmax.wgsl", Set: set, Bind: []Operand{In(0), optional(&rec, mask), Out(0)},
		Uniform: struct{ Pixels, C4, Channels, Rows uint32 }{uint32(s.Pixels()), uint32(s.C4()), uint32(s[3]), uint32(s[1] * s[2])},
	}
	var err error
	d.Groups, err = t.Grid(ceilDiv(s.Pixels(), tile.rows))
	rec.Steps = append(rec.Steps, d)
	return rec, err
}

func (o Softmax) Reference(in, out []*Array) {
	for i := range in[0].Shape.Pixels() {
		x, y := slices.Clone(in[0].Row(i)), out[0].Row(i)
		seen := func(int) bool { return true }
		if o.Mask {
			mask := in[1].Row(i % in[1].Shape.Pixels())
			seen = func(c int) bool { return mask[c] > hidden }
			for c := range x {
				x[c] += max(mask[c], hidden)
			}
		}
		top, sum := slices.Max(x), 0.0
		for c := range x {
			y[c] = math.Exp(x[c] - top)
			sum += y[c]
		}
		for c := range y {
			if y[c] /= sum; !seen(c) {
				y[c] = 0
			}
		}
	}
}

// hide hides half of what a mask has, and all of its first pixel.
func hide(r *rand.Rand, in []*Array) {
	for i := range in[1].Shape.Pixels() {
		row := in[1].Row(i)
		for c := range row {
			if i == 0 || r.IntN(2) == 0 {
				row[c] = []float64{math.Inf(-1), hidden, 3 * hidden}[r.IntN(3)]
			}
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
			{Name: "masked", Op: Softmax{Mask: true}, In: []Tensor{Float(6, 3, 5, 70), Float(1, 3, 5, 70)}, Fill: hide},
			{Name: "600 channels", Op: Softmax{}, In: []Tensor{Float(1, 1, 9, 602)}},
			{Name: "rows 784x784", Op: Softmax{}, In: []Tensor{Float(1, 1, 784, 784)}, Bench: true},
		},
		Random: func(r *rand.Rand) Case {
			x := Float(extent(r, 3), extent(r, 20), extent(r, 20), extent(r, 70))
			if r.IntN(2) == 0 {
				return Case{Op: Softmax{Mask: true}, In: []Tensor{x, Float(1, x.Shape[1], x.Shape[2], x.Shape[3])}, Fill: hide}
			}
			return Case{Op: Softmax{}, In: []Tensor{x}, Fill: wide}
		},
	})
}
