package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Timestep is the sinusoidal embedding of a timestep (method 3.1, guided
// diffusion): t [N, 1, 1, 1], 0 <= t < 2^24, to [N, 1, 1, Dim] with half = Dim/2,
//
//	y_j = cos(t f_j), y_(half+j) = sin(t f_j), f_j = MaxPeriod^(-j/half), j < half
//
// and a last zero when Dim is odd.
type Timestep struct {
	Dim       int     // at least 2
	MaxPeriod float64 // above 1; 0 stands for 10000
}

func (o Timestep) Name() string { return "timestep" }

func (o Timestep) period() float64 {
	if o.MaxPeriod == 0 {
		return 10000
	}
	return o.MaxPeriod
}

func (o Timestep) Infer(in []Tensor) ([]Tensor, error) {
	if o.Dim < 2 || o.Dim > 1<<16 {
		return nil, fmt.Errorf("%w: dim %d, want 2 to %d", ErrShape, o.Dim, 1<<16)
	}
	if !(o.period() > 1) || math.IsInf(o.period(), 0) {
		return nil, fmt.Errorf("%w: largest period %g, want one above 1", ErrShape, o.MaxPeriod)
	}
	if err := want(in, F32); err != nil {
		return nil, err
	}
	n := in[0].Shape[0]
	if w := (Shape{n, 1, 1, 1}); in[0].Shape != w {
		return nil, fmt.Errorf("%w: timesteps %v, want %v", ErrShape, in[0].Shape, w)
	}
	return []Tensor{Float(n, 1, 1, o.Dim)}, nil
}

func (o Timestep) Record(t Target, in, out []Tensor) (Record, error) {
	s, half := out[0].Shape, o.Dim/2
	ratio := math.Pow(o.period(), -1/float64(half))
	high := math.Floor(math.Ldexp(ratio, 32))
	low := math.Ldexp(math.Ldexp(ratio, 32)-high, 32)
	return single(t, Dispatch{
		Shader: "timestep.wgsl",
		Uniform: struct{ Vectors, C4, Half, Low, High uint32 }{
			uint32(s.Vectors()), uint32(s.C4()), uint32(half), uint32(low), uint32(high),
		},
	}, 1, 1, s.Vectors(), 64)
}

func (o Timestep) Reference(in, out []*Array) {
	half := o.Dim / 2
	for n := range in[0].Shape[0] {
		y := out[0].Row(n)
		for j := range half {
			sin, cos := math.Sincos(in[0].At(n, 0, 0, 0) * math.Pow(o.period(), -float64(j)/float64(half)))
			y[j], y[half+j] = cos, sin
		}
	}
}

func init() {
	// steps fills in what step gives for image n.
	steps := func(step func(n int, r *rand.Rand) float64) func(*rand.Rand, []*Array) {
		return func(r *rand.Rand, in []*Array) {
			for n := range in[0].Shape[0] {
				in[0].Set(n, 0, 0, 0, step(n, r))
			}
		}
	}
	index := steps(func(n int, _ *rand.Rand) float64 { return float64(n) })
	register(Entry{
		Name: "timestep", Class: Elementwise, Files: []string{"timestep.wgsl"},
		Cases: []Case{
			{Name: "dim 64, all 1000", Op: Timestep{Dim: 64}, In: []Tensor{Float(1000, 1, 1, 1)}, Fill: index},
			{Name: "dim 256, every 25th", Op: Timestep{Dim: 256}, In: []Tensor{Float(40, 1, 1, 1)}, Fill: steps(func(n int, _ *rand.Rand) float64 { return float64(25*n + 24) })},
			{Name: "dim 2", Op: Timestep{Dim: 2}, In: []Tensor{Float(3, 1, 1, 1)}, Fill: index},
			{Name: "odd dim, period 100", Op: Timestep{7, 100}, In: []Tensor{Float(9, 1, 1, 1)}, Fill: index},
			{Name: "between steps", Op: Timestep{Dim: 128}, In: []Tensor{Float(100, 1, 1, 1)}, Fill: steps(func(_ int, r *rand.Rand) float64 { return 1000 * r.Float64() })},
			{Name: "large", Op: Timestep{Dim: 64}, In: []Tensor{Float(9, 1, 1, 1)}, Fill: steps(func(n int, _ *rand.Rand) float64 { return float64(1<<24 - 1 - n) })},
		},
		Random: func(r *rand.Rand) Case {
			return Case{Op: Timestep{Dim: 1 + extent(r, 70)}, In: []Tensor{Float(extent(r, 33), 1, 1, 1)}, Fill: steps(func(_ int, r *rand.Rand) float64 { return float64(r.IntN(1000)) })}
		},
	})
}
