package kernels

import (
	"fmt"
	"math/rand/v2"
)

// Clamp is y = min(max(x, Lo), Hi), element by element; x and y [N, H, W, C].
// What becomes of a NaN is up to the device.
type Clamp struct{ Lo, Hi float32 }

func (o Clamp) Name() string { return "clamp" }

func (o Clamp) Infer(in []Tensor) ([]Tensor, error) {
	if !(o.Lo <= o.Hi) {
		return nil, fmt.Errorf("%w: clamp to [%g, %g], want the first at most the second", ErrShape, o.Lo, o.Hi)
	}
	if err := want(in, F32); err != nil {
		return nil, err
	}
	return []Tensor{in[0]}, nil
}

func (o Clamp) Record(t Target, in, out []Tensor) (Record, error) {
	s := in[0].Shape
	return single(t, Dispatch{
		Shader:  "clamp.wgsl",
		Uniform: clampParams{uint32(s.Vectors()), uint32(s.C4()), uint32(s[3]), o.Lo, o.Hi},
	}, 1, 1, s.Vectors(), 64)
}

type clampParams struct {
	Vectors, C4, Channels uint32
	Lo, Hi                float32
}

func (o Clamp) Reference(in, out []*Array) {
	for i := range in[0].Shape.Pixels() {
		y := out[0].Row(i)
		for c, x := range in[0].Row(i) {
			y[c] = min(max(x, float64(o.Lo)), float64(o.Hi))
		}
	}
}

func init() {
	register(Entry{
		Name: "clamp", Class: Elementwise, Files: []string{"clamp.wgsl"},
		Cases: []Case{
			{Name: "one pixel", Op: Clamp{-1, 1}, In: []Tensor{Float(1, 1, 1, 1)}},
			{Name: "zero outside the range", Op: Clamp{0.25, 0.5}, In: []Tensor{Float(2, 5, 3, 7)}},
			{Name: "image 4x224x224x3", Op: Clamp{-1, 1}, In: []Tensor{Float(4, 224, 224, 3)}, Bench: true},
		},
		Random: func(r *rand.Rand) Case {
			lo := float32(r.NormFloat64())
			return Case{Op: Clamp{lo, lo + r.Float32()}, In: []Tensor{Float(extent(r, 4), extent(r, 40), extent(r, 40), extent(r, 70))}}
		},
	})
}
