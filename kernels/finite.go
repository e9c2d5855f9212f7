package kernels

import (
	"math"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// Finite finds the NaN and infinite values of x [N, H, W, C], padding lanes
// included: y is u32 [1, 1, 1, 4] with their count, the index of the first vector
// of four that has one (2^32-1 when none has) and two zeros.
type Finite struct{}

func (o Finite) Name() string { return "finite" }

func (o Finite) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32); err != nil {
		return nil, err
	}
	return []Tensor{Uint(1, 1, 1, 4)}, nil
}

func (o Finite) Record(t Target, in, out []Tensor) (Record, error) {
	n := in[0].Shape.Vectors()
	threads := (n + 7) / 8
	u := struct{ Vectors, Threads uint32 }{uint32(n), uint32(threads)}
	grid, err := t.Grid((threads + 63) / 64)
	bind := []Operand{In(0), Out(0)}
	return Record{Steps: []Dispatch{
		{Shader: "finite.wgsl", Set: []shaders.Setting{shaders.Int("CLEAR", 1)}, Bind: bind, Uniform: u, Groups: [3]uint32{1, 1, 1}},
		{Shader: "finite.wgsl", Set: []shaders.Setting{shaders.Int("CLEAR", 0)}, Bind: bind, Uniform: u, Groups: grid},
	}}, err
}

func (o Finite) Reference(in, out []*Array) {
	count, first := 0, math.MaxUint32
	for i, v := range in[0].Data {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			count++
			first = min(first, i/4)
		}
	}
	out[0].Data[0], out[0].Data[1] = float64(count), float64(first)
}

func init() {
	// spoil puts NaN and both infinities at random places from channel 0 on.
	spoil := func(share float64) func(*rand.Rand, []*Array) {
		return func(r *rand.Rand, in []*Array) {
			for i := range in[0].Shape.Pixels() {
				for c, row := 0, in[0].Row(i); c < len(row); c++ {
					if r.Float64() < share {
						row[c] = [...]float64{math.NaN(), math.Inf(1), math.Inf(-1)}[r.IntN(3)]
					}
				}
			}
		}
	}
	register(Entry{
		Name: "finite", Class: Elementwise, Files: []string{"finite.wgsl"},
		Cases: []Case{
			{Name: "none, the largest value", Op: Finite{}, In: []Tensor{Float(2, 5, 3, 7)}, Fill: func(_ *rand.Rand, in []*Array) { in[0].Data[9] = math.MaxFloat32 }},
			{Name: "one NaN at the end", Op: Finite{}, In: []Tensor{Float(1, 9, 9, 65)}, Fill: func(_ *rand.Rand, in []*Array) { in[0].Set(0, 8, 8, 64, math.NaN()) }},
			{Name: "one infinity", Op: Finite{}, In: []Tensor{Float(1, 1, 1, 1)}, Fill: func(_ *rand.Rand, in []*Array) { in[0].Data[0] = math.Inf(-1) }},
			{Name: "all", Op: Finite{}, In: []Tensor{Float(1, 5, 3, 7)}, Fill: spoil(1)},
			{Name: "some", Op: Finite{}, In: []Tensor{Float(2, 33, 31, 17)}, Fill: spoil(0.01)},
			{Name: "224x224x64", Op: Finite{}, In: []Tensor{Float(1, 224, 224, 64)}, Bench: true},
		},
		Random: func(r *rand.Rand) Case {
			return Case{Op: Finite{}, In: []Tensor{Float(extent(r, 3), extent(r, 40), extent(r, 40), extent(r, 70))}, Fill: spoil(float64(r.IntN(3)) / 50)}
		},
	})
}
