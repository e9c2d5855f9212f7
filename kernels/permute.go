package kernels

import (
	"fmt"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// Permute reorders the axes: axis i of y is axis Order[i] of x, as PyTorch's
// permute on [N, H, W, C].
type Permute struct{ Order [4]int }

func (o Permute) Name() string { return "permute" }

func (o Permute) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32); err != nil {
		return nil, err
	}
	y, seen := in[0], 0
	for i, a := range o.Order {
		if a < 0 || a > 3 || seen&(1<<a) != 0 {
			return nil, fmt.Errorf("%w: order %v, want each of 0 to 3 once", ErrShape, o.Order)
		}
		seen |= 1 << a
		y.Shape[i] = in[0].Shape[a]
	}
	if !y.Shape.valid() {
		return nil, fmt.Errorf("%w: output %v is not below 2^31 values", ErrShape, y)
	}
	return []Tensor{y}, nil
}

func (o Permute) Record(t Target, in, out []Tensor) (Record, error) {
	x, y := in[0].Shape, out[0].Shape
	pixel := x.C4() * 4
	stride := [4]int{x[1] * x[2] * pixel, x[2] * pixel, pixel, 1}
	whole := 0
	if o.Order[3] == 3 {
		whole = 1
	}
	return single(t, Dispatch{
		Shader: "permute.wgsl",
		Set:    []shaders.Setting{shaders.Int("WHOLE", whole)},
		Uniform: permuteParams{
			uint32(y.Vectors()), uint32(y.C4()), uint32(y[3]), uint32(y[1]), uint32(y[2]),
			uint32(stride[o.Order[0]]), uint32(stride[o.Order[1]]), uint32(stride[o.Order[2]]), uint32(stride[o.Order[3]]),
		},
	}, 1, 1, y.Vectors(), 64)
}

type permuteParams struct{ Vectors, C4, Channels, H, W, SN, SH, SW, SC uint32 }

func (o Permute) Reference(in, out []*Array) {
	eachElem(out[0].Shape, func(n, h, w, c int) {
		var at [4]int
		for i, v := range [4]int{n, h, w, c} {
			at[o.Order[i]] = v
		}
		out[0].Set(n, h, w, c, in[0].At(at[0], at[1], at[2], at[3]))
	})
}

func init() {
	e := Entry{Name: "permute", Class: Elementwise, Files: []string{"permute.wgsl"}}
	for i := range 256 {
		order := [4]int{i & 3, i >> 2 & 3, i >> 4 & 3, i >> 6}
		if _, err := (Permute{order}).Infer([]Tensor{Float(2, 3, 5, 7)}); err == nil {
			e.Cases = append(e.Cases, Case{Name: fmt.Sprint(order), Op: Permute{order}, In: []Tensor{Float(2, 3, 5, 7)}})
		}
	}
	e.Cases = append(e.Cases,
		Case{Name: "one pixel", Op: Permute{[4]int{3, 1, 2, 0}}, In: []Tensor{Float(1, 1, 1, 1)}},
		Case{Name: "tokens to columns 784x256", Op: Permute{[4]int{0, 1, 3, 2}}, In: []Tensor{Float(1, 1, 784, 256)}, Bench: true},
		Case{Name: "batch to tokens 196x4x256", Op: Permute{[4]int{2, 1, 0, 3}}, In: []Tensor{Float(4, 1, 196, 256)}, Bench: true})
	e.Random = func(r *rand.Rand) Case {
		return Case{Op: Permute{[4]int(r.Perm(4))}, In: []Tensor{Float(extent(r, 9), extent(r, 20), extent(r, 20), extent(r, 40))}}
	}
	register(e)
}
