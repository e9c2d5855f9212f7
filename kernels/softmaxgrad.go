package kernels

import (
	"fmt"
	"math/rand/v2"
)

// SoftmaxGrad is the gradient of Softmax, dx_c = y_c (dy_c - sum_k y_k dy_k). Inputs: y,
// what Softmax gave, and dy, [N, H, W, C]; output: dx, of their shape. y need not add up to
// one.
type SoftmaxGrad struct{}

func (o SoftmaxGrad) Name() string { return "softmaxgrad" }

func (o SoftmaxGrad) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32, F32); err != nil {
		return nil, err
	}
	if in[0] != in[1] {
		return nil, fmt.Errorf("%w: gradient is %v, want %v", ErrShape, in[1], in[0])
	}
	return []Tensor{in[0]}, nil
}

func (o SoftmaxGrad) Record(t Target, in, out []Tensor) (Record, error) {
	s := in[0].Shape
	tile := newRowTile(t, s.C4())
	return single(t, Dispatch{
		Shader:  "softmaxgrad.wgsl",
		Set:     tile.settings(),
		Uniform: struct{ Pixels, C4 uint32 }{uint32(s.Pixels()), uint32(s.C4())},
	}, 2, 1, s.Pixels(), tile.rows)
}

func (o SoftmaxGrad) Reference(in, out []*Array) {
	for i := range in[0].Shape.Pixels() {
		y, dy, dx := in[0].Row(i), in[1].Row(i), out[0].Row(i)
		sum := 0.0
		for c := range y {
			sum += y[c] * dy[c]
		}
		for c := range y {
			dx[c] = y[c] * (dy[c] - sum)
		}
	}
}

func init() {
	of := func(name string, n, h, w, c int) Case {
		return Case{Name: name, Op: SoftmaxGrad{}, In: []Tensor{Float(n, h, w, c), Float(n, h, w, c)}, Fill: func(_ *rand.Rand, in []*Array) {
			x := NewArray(in[0].Tensor)
			copy(x.Data, in[0].Data)
			Softmax{}.Reference([]*Array{x}, in[:1])
		}}
	}
	bench := of("rows 784x784", 1, 1, 784, 784)
	bench.Bench = true
	register(Entry{
		Name: "softmaxgrad", Class: Norm, Files: []string{"softmaxgrad.wgsl"},
		Cases: []Case{of("one value", 1, 1, 1, 1), of("7 channels", 2, 5, 3, 7), of("600 channels", 1, 1, 9, 602), bench},
		Random: func(r *rand.Rand) Case {
			return of("", extent(r, 3), extent(r, 20), extent(r, 20), extent(r, 70))
		},
	})
}
