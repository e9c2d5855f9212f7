package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// L2Norm is the length of every pixel's channels, y = sqrt(sum_c (a_c - b_c)^2):
// inputs a and, when there is a second one, b [N, H, W, C]; y [N, H, W, 1].
type L2Norm struct{}

func (o L2Norm) Name() string { return "l2norm" }

func (o L2Norm) Infer(in []Tensor) ([]Tensor, error) {
	types := []Type{F32, F32}
	if len(in) == 1 {
		types = types[:1]
	}
	if err := want(in, types...); err != nil {
		return nil, err
	}
	if len(in) == 2 && in[1].Shape != in[0].Shape {
		return nil, fmt.Errorf("%w: inputs %v and %v differ", ErrShape, in[0].Shape, in[1].Shape)
	}
	s := in[0].Shape
	return []Tensor{Float(s[0], s[1], s[2], 1)}, nil
}

func (o L2Norm) Record(t Target, in, out []Tensor) (Record, error) {
	s := in[0].Shape
	tile := newRowTile(t, s.C4())
	groups, err := tile.groups(t, s.Pixels())
	if err != nil {
		return Record{}, err
	}
	rec := Record{Steps: []Dispatch{{
		Shader:  "l2norm.wgsl",
		Set:     append(tile.settings(), shaders.Int("PAIR", len(in)-1)),
		Bind:    []Operand{In(0), In(1), Out(0)},
		Uniform: struct{ Pixels, C4 uint32 }{uint32(s.Pixels()), uint32(s.C4())},
		Groups:  groups,
	}}}
	if len(in) == 1 {
		rec.Temps, rec.Steps[0].Bind[1] = []int{unread}, Temp(0)
	}
	return rec, nil
}

func (o L2Norm) Reference(in, out []*Array) {
	for i := range in[0].Shape.Pixels() {
		sum := 0.0
		for c, v := range in[0].Row(i) {
			if len(in) == 2 {
				v -= in[1].Row(i)[c]
			}
			sum += v * v
		}
		out[0].Row(i)[0] = math.Sqrt(sum)
	}
}

func init() {
	pair := func(n, h, w, c int) []Tensor { return []Tensor{Float(n, h, w, c), Float(n, h, w, c)} }
	register(Entry{
		Name: "l2norm", Class: Norm, Files: []string{"l2norm.wgsl"},
		Cases: []Case{
			{Name: "one value", Op: L2Norm{}, In: pair(1, 1, 1, 1)},
			{Name: "single 7 channels", Op: L2Norm{}, In: []Tensor{Float(2, 5, 3, 7)}},
			{Name: "equal but one", Op: L2Norm{}, In: pair(1, 5, 3, 7), Fill: func(_ *rand.Rand, in []*Array) {
				copy(in[1].Data, in[0].Data)
				in[1].Set(0, 2, 1, 6, 3)
			}},
			{Name: "features 14x14x272", Op: L2Norm{}, In: pair(1, 14, 14, 272)},
			{Name: "single 602 channels", Op: L2Norm{}, In: []Tensor{Float(1, 1, 9, 602)}},
			{Name: "images 4x224x224x3", Op: L2Norm{}, In: pair(4, 224, 224, 3), Bench: true},
		},
		Random: func(r *rand.Rand) Case {
			in := pair(extent(r, 3), extent(r, 20), extent(r, 20), extent(r, 70))
			return Case{Op: L2Norm{}, In: in[:1+r.IntN(2)]}
		},
	})
}
