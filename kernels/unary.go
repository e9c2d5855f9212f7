package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// Activation is a pointwise function; the numbers are those of activation.wgsl.
type Activation uint8

const (
	Identity Activation = iota
	SiLU                // x*sigmoid(x), also called swish
	ReLU
	ReLU6   // min(max(x, 0), 6)
	GELU    // x*Phi(x), with the error function, not the tanh approximation
	Sigmoid // 1/(1+exp(-x))
	activations
)

func (a Activation) String() string {
	return [...]string{"identity", "silu", "relu", "relu6", "gelu", "sigmoid"}[a]
}

// apply is the function in float64.
func (a Activation) apply(x float64) float64 {
	switch a {
	case SiLU:
		return x / (1 + math.Exp(-x))
	case ReLU:
		return max(x, 0)
	case ReLU6:
		return min(max(x, 0), 6)
	case GELU:
		return 0.5 * x * (1 + math.Erf(x/math.Sqrt2))
	case Sigmoid:
		return 1 / (1 + math.Exp(-x))
	}
	return x
}

// Unary is y = act(x), element by element; x and y [N, H, W, C].
type Unary struct{ Act Activation }

func (o Unary) Name() string { return "unary" }

func (o Unary) Infer(in []Tensor) ([]Tensor, error) {
	if o.Act >= activations {
		return nil, fmt.Errorf("%w: activation %d, want one below %d", ErrShape, o.Act, activations)
	}
	if err := want(in, F32); err != nil {
		return nil, err
	}
	return []Tensor{in[0]}, nil
}

func (o Unary) Record(t Target, in, out []Tensor) (Record, error) {
	s := in[0].Shape
	return single(t, Dispatch{
		Shader:  "unary.wgsl",
		Set:     []shaders.Setting{shaders.Int("ACT", int(o.Act))},
		Uniform: vectorParams{uint32(s.Vectors()), uint32(s.C4()), uint32(s[3])},
	}, 1, 1, s.Vectors(), 64)
}

func (o Unary) Reference(in, out []*Array) {
	for i := range in[0].Shape.Pixels() {
		y := out[0].Row(i)
		for c, x := range in[0].Row(i) {
			y[c] = o.Act.apply(x)
		}
	}
}

// vectorParams is the uniform of kernels that go over vectors of four channels.
type vectorParams struct{ Vectors, C4, Channels uint32 }

func init() {
	e := Entry{Name: "unary", Class: Elementwise, Files: []string{"unary.wgsl"}}
	for a := Identity; a < activations; a++ {
		e.Cases = append(e.Cases, Case{Name: a.String(), Op: Unary{a}, In: []Tensor{Float(2, 5, 3, 7)}, Fill: wide})
	}
	e.Cases = append(e.Cases,
		Case{Name: "one pixel", Op: Unary{SiLU}, In: []Tensor{Float(1, 1, 1, 1)}},
		Case{Name: "65,536 workgroups", Op: Unary{ReLU}, In: []Tensor{Float(1, 2048, 2048, 4)}},
		Case{Name: "silu 224x224x64", Op: Unary{SiLU}, In: []Tensor{Float(1, 224, 224, 64)}, Bench: true})
	e.Random = func(r *rand.Rand) Case {
		return Case{Op: Unary{Activation(r.IntN(int(activations)))}, In: []Tensor{Float(extent(r, 4), extent(r, 40), extent(r, 40), extent(r, 70))}}
	}
	register(e)
}

// wide spreads the values to +-30, where exponentials underflow and saturate.
func wide(r *rand.Rand, in []*Array) {
	for _, a := range in {
		for i := range a.Data {
			a.Data[i] *= 10
		}
	}
}
