package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// LayerNorm is y = (x - mean)/sqrt(variance + Eps)*gamma + beta over the channels
// of a pixel, with the biased variance, as PyTorch's layer_norm over the last
// dimension of tokens. Inputs x [N, H, W, C], gamma and beta [1, 1, 1, C]; y as x.
type LayerNorm struct{ Eps float32 }

func (o LayerNorm) Name() string { return "layernorm" }

func (o LayerNorm) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32, F32, F32); err != nil {
		return nil, err
	}
	if err := wantAffine(in[0].Shape, in[1:3], o.Eps); err != nil {
		return nil, err
	}
	return []Tensor{in[0]}, nil
}

// wantAffine checks what every norm with a gain and an offset per channel has.
func wantAffine(x Shape, affine []Tensor, eps float32) error {
	if !(eps > 0) || math.IsInf(float64(eps), 0) {
		return fmt.Errorf("%w: eps %g, want one above 0", ErrShape, eps)
	}
	for i, a := range affine {
		if w := (Shape{1, 1, 1, x[3]}); a.Shape != w {
			return fmt.Errorf("%w: %s %v, want %v", ErrShape, [...]string{"gamma", "beta"}[i], a.Shape, w)
		}
	}
	return nil
}

func (o LayerNorm) Record(t Target, in, out []Tensor) (Record, error) {
	s := in[0].Shape
	tile := newRowTile(t, s.C4())
	return single(t, Dispatch{
		Shader: "layernorm.wgsl",
		Set:    tile.settings(),
		Uniform: struct {
			Pixels, C4, Channels uint32
			Eps                  float32
		}{uint32(s.Pixels()), uint32(s.C4()), uint32(s[3]), o.Eps},
	}, 3, 1, s.Pixels(), tile.rows)
}

func (o LayerNorm) Reference(in, out []*Array) {
	gamma, beta := in[1].Row(0), in[2].Row(0)
	for i := range in[0].Shape.Pixels() {
		x, y := in[0].Row(i), out[0].Row(i)
		mean, variance := moments(x)
		for c := range x {
			y[c] = (x[c]-mean)/math.Sqrt(variance+float64(o.Eps))*gamma[c] + beta[c]
		}
	}
}

// moments returns the mean and the biased variance.
func moments(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	return mean, variance
}

func init() {
	affine := func(n, h, w, c int) []Tensor {
		return []Tensor{Float(n, h, w, c), Float(1, 1, 1, c), Float(1, 1, 1, c)}
	}
	norm := LayerNorm{1e-5}
	register(Entry{
		Name: "layernorm", Class: Norm, Files: []string{"layernorm.wgsl"},
		Cases: []Case{
			{Name: "one value", Op: norm, In: affine(1, 1, 1, 1)},
			{Name: "7 channels", Op: norm, In: affine(2, 5, 3, 7)},
			{Name: "mean 1000", Op: norm, In: affine(1, 3, 5, 70), Fill: offset},
			{Name: "600 channels", Op: norm, In: affine(1, 1, 9, 602)},
			{Name: "tokens 196x256", Op: norm, In: affine(1, 14, 14, 256), Bench: true},
		},
		Random: func(r *rand.Rand) Case {
			return Case{Op: norm, In: affine(extent(r, 3), extent(r, 20), extent(r, 20), extent(r, 70))}
		},
	})
}

// offset moves the first input to a mean of 1000.
func offset(_ *rand.Rand, in []*Array) {
	for i := range in[0].Shape.Pixels() {
		for c, row := 0, in[0].Row(i); c < len(row); c++ {
			row[c] += 1000
		}
	}
}
