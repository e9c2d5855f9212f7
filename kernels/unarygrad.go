package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// slope is the derivative of the activation in float64. That of ReLU and ReLU6 is
// the same at the activation's value.
func (a Activation) slope(x float64) float64 {
	s := 1 / (1 + math.Exp(-x))
	switch a {
	case SiLU:
		return s * (1 + x*(1-s))
	case ReLU:
		if x <= 0 {
			return 0
		}
	case ReLU6:
		if x <= 0 || x >= 6 {
			return 0
		}
	case GELU:
		return 0.5*(1+math.Erf(x/math.Sqrt2)) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
	case Sigmoid:
		return 1 / ((1 + math.Exp(-x)) * (1 + math.Exp(x)))
	}
	return 1
}

// UnaryGrad is dx = dy*act'(x): inputs x and dy [N, H, W, C]. For ReLU and ReLU6
// the value of the activation may stand for x.
type UnaryGrad struct{ Act Activation }

func (o UnaryGrad) Name() string { return "unarygrad" }

func (o UnaryGrad) Infer(in []Tensor) ([]Tensor, error) {
	if o.Act >= activations {
		return nil, fmt.Errorf("%w: activation %d, want one below %d", ErrShape, o.Act, activations)
	}
	if err := want(in, F32, F32); err != nil {
		return nil, err
	}
	if in[1] != in[0] {
		return nil, fmt.Errorf("%w: gradient is %v, want %v", ErrShape, in[1], in[0])
	}
	return []Tensor{in[0]}, nil
}

func (o UnaryGrad) Record(t Target, in, out []Tensor) (Record, error) {
	s := in[0].Shape
	return single(t, Dispatch{
		Shader:  "unarygrad.wgsl",
		Set:     []shaders.Setting{shaders.Int("ACT", int(o.Act))},
		Uniform: struct{ Vectors uint32 }{uint32(s.Vectors())},
	}, 2, 1, s.Vectors(), 64)
}

func (o UnaryGrad) Reference(in, out []*Array) {
	for i := range in[0].Shape.Pixels() {
		dy, dx := in[1].Row(i), out[0].Row(i)
		for c, x := range in[0].Row(i) {
			dx[c] = dy[c] * o.Act.slope(x)
		}
	}
}

// Gradient needs the value of ReLU and ReLU6 only, which leaves their input free to
// be merged into the operation before.
func (o Unary) Gradient(t Tape, a Applied) ([]Ref, error) {
	at := a.In[0]
	switch o.Act {
	case Identity:
		return []Ref{a.DOut[0]}, nil
	case ReLU, ReLU6:
		at = a.Out[0]
	}
	return []Ref{apply(t, UnaryGrad(o), at, a.DOut[0])}, nil
}

func init() {
	e := Entry{Name: "unarygrad", Class: Elementwise, Files: []string{"unarygrad.wgsl"}}
	x := Float(2, 5, 3, 7)
	for a := Identity; a < activations; a++ {
		e.Cases = append(e.Cases, Case{Name: a.String(), Op: UnaryGrad{a}, In: []Tensor{x, x}, Fill: wide})
	}
	big := Float(4, 56, 56, 64)
	e.Cases = append(e.Cases,
		Case{Name: "one pixel", Op: UnaryGrad{SiLU}, In: []Tensor{Float(1, 1, 1, 1), Float(1, 1, 1, 1)}},
		Case{Name: "silu 4x56x56x64", Op: UnaryGrad{SiLU}, In: []Tensor{big, big}, Bench: true})
	e.Random = func(r *rand.Rand) Case {
		x := Float(extent(r, 4), extent(r, 40), extent(r, 40), extent(r, 70))
		return Case{Op: UnaryGrad{Activation(r.IntN(int(activations)))}, In: []Tensor{x, x}}
	}
	register(e)
}
