package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// LayerNormGrad is the gradient of LayerNorm: inputs x [N, H, W, C], gamma
// [1, 1, 1, C] and dy, of x's shape. With h = (x - mean)/sqrt(variance + Eps) and
// g = dy*gamma the outputs, both of x's shape, are
//
//	dx = (g - mean(g) - h*mean(g*h))/sqrt(variance + Eps), dy*h
//
// The second adds up to the gradient of gamma over the pixels, dy to that of beta.
type LayerNormGrad struct{ Eps float32 }

func (o LayerNormGrad) Name() string { return "layernormgrad" }

func (o LayerNormGrad) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32, F32, F32); err != nil {
		return nil, err
	}
	if err := wantAffine(in[0].Shape, in[1:2], o.Eps); err != nil {
		return nil, err
	}
	if in[2] != in[0] {
		return nil, fmt.Errorf("%w: gradient is %v, want %v", ErrShape, in[2], in[0])
	}
	return []Tensor{in[0], in[0]}, nil
}

func (o LayerNormGrad) Record(t Target, in, out []Tensor) (Record, error) {
	s := in[0].Shape
	tile := newRowTile(t, s.C4())
	return single(t, Dispatch{
		Shader: "layernormgrad.wgsl",
		Set:    tile.settings(),
		Uniform: struct {
			Pixels, C4, Channels uint32
			Eps                  float32
		}{uint32(s.Pixels()), uint32(s.C4()), uint32(s[3]), o.Eps},
	}, 3, 2, s.Pixels(), tile.rows)
}

func (o LayerNormGrad) Reference(in, out []*Array) {
	gamma := in[1].Row(0)
	n := float64(len(gamma))
	for i := range in[0].Shape.Pixels() {
		x, dy, dx, dyh := in[0].Row(i), in[2].Row(i), out[0].Row(i), out[1].Row(i)
		mean, variance := moments(x)
		scale := 1 / math.Sqrt(variance+float64(o.Eps))
		var g, gh float64
		for c := range x {
			h := (x[c] - mean) * scale
			dyh[c] = dy[c] * h
			g += dy[c] * gamma[c] / n
			gh += dyh[c] * gamma[c] / n
		}
		for c := range x {
			dx[c] = (dy[c]*gamma[c] - g - (x[c]-mean)*scale*gh) * scale
		}
	}
}

func (o LayerNorm) Gradient(t Tape, a Applied) ([]Ref, error) {
	dy, c := a.DOut[0], t.Tensor(a.In[1]).Shape
	d := t.Apply(LayerNormGrad(o), 2, a.In[0], a.In[1], dy)
	grads := []Ref{d[0], 0, 0}
	if a.Need[1] {
		grads[1] = sumTo(t, d[1], c)
	}
	if a.Need[2] {
		grads[2] = sumTo(t, dy, c)
	}
	return grads, nil
}

func init() {
	of := func(name string, n, h, w, c int) Case {
		x := Float(n, h, w, c)
		return Case{Name: name, Op: LayerNormGrad{1e-5}, In: []Tensor{x, Float(1, 1, 1, c), x}}
	}
	far := of("mean 1000", 1, 3, 5, 70)
	far.Fill = offset
	bench := of("8x196 tokens of 256", 8, 14, 14, 256)
	bench.Bench = true
	register(Entry{
		Name: "layernormgrad", Class: Norm, Files: []string{"layernormgrad.wgsl"},
		Cases: []Case{of("one value", 1, 1, 1, 1), of("7 channels", 2, 5, 3, 7), far, of("600 channels", 1, 1, 9, 602), bench},
		Random: func(r *rand.Rand) Case {
			return of("", extent(r, 3), extent(r, 20), extent(r, 20), extent(r, 70))
		},
	})
}
