package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// Peak measures the multiply-add ceiling of a device: 12*Rounds multiply-adds
// for every vector of four values, almost no memory traffic. y = the sum over
// j = 0..2 of the chain a <- a/2 + x, Rounds times from a = j*x/2.
type Peak struct{ Rounds int }

func (o Peak) Name() string { return "peak" }

func (o Peak) Infer(in []Tensor) ([]Tensor, error) {
	if o.Rounds < 1 {
		return nil, fmt.Errorf("%w: %d rounds, want at least 1", ErrShape, o.Rounds)
	}
	if err := want(in, F32); err != nil {
		return nil, err
	}
	return []Tensor{in[0]}, nil
}

func (o Peak) Record(t Target, in, out []Tensor) (Record, error) {
	n := in[0].Shape.Vectors()
	return single(t, Dispatch{
		Shader:  "peak.wgsl",
		Set:     []shaders.Setting{shaders.Int("ROUNDS", o.Rounds)},
		Uniform: struct{ Vectors uint32 }{uint32(n)},
	}, 1, 1, n, 64)
}

// Reference uses the closed form: a chain from a tends to 2x and keeps 2^-Rounds
// of the distance.
func (o Peak) Reference(in, out []*Array) {
	left := math.Pow(0.5, float64(o.Rounds))
	for i, x := range in[0].Data {
		out[0].Data[i] = 6*x + (1.5*x-6*x)*left
	}
}

// Flops counts the multiply-adds of one run as two each.
func (o Peak) Flops(s Shape) float64 { return 2 * 12 * float64(o.Rounds) * float64(s.Vectors()) }

func init() {
	big := Float(1, 256, 256, 4)
	register(Entry{
		Name: "peak", Class: Elementwise, Files: []string{"peak.wgsl"},
		Cases: []Case{
			{Name: "one round", Op: Peak{1}, In: []Tensor{Float(1, 3, 5, 7)}},
			{Name: "ceiling", Op: Peak{1024}, In: []Tensor{big}, Bench: true, Flops: Peak{1024}.Flops(big.Shape)},
		},
		Random: func(r *rand.Rand) Case {
			return Case{Op: Peak{1 + r.IntN(20)}, In: []Tensor{Float(extent(r, 3), extent(r, 20), extent(r, 20), extent(r, 40))}}
		},
	})
}
