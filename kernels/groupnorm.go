package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// GroupNorm normalises x [N, H, W, C] over the pixels and the channels of each of
// Groups equal groups of channels, as PyTorch's group_norm (biased variance):
//
//	y = act((x - mean)/sqrt(variance + Eps)*gamma + beta)
//
// gamma and beta are [1, 1, 1, C]. With Film a fourth input [N, 1, 1, 2C], the C
// scales before the C shifts, goes between: act(norm(x)*(1 + scale) + shift), the
// scale-shift norm of guided diffusion. y as x.
type GroupNorm struct {
	Groups int
	Eps    float32
	Act    Activation
	Film   bool
}

func (o GroupNorm) Name() string { return "groupnorm" }

func (o GroupNorm) Infer(in []Tensor) ([]Tensor, error) {
	types := []Type{F32, F32, F32, F32}
	if !o.Film {
		types = types[:3]
	}
	if err := want(in, types...); err != nil {
		return nil, err
	}
	s := in[0].Shape
	if o.Groups < 1 || s[3]%o.Groups != 0 {
		return nil, fmt.Errorf("%w: %d groups of %d channels, want a divisor", ErrShape, o.Groups, s[3])
	}
	if o.Act >= activations {
		return nil, fmt.Errorf("%w: activation %d, want one below %d", ErrShape, o.Act, activations)
	}
	if err := wantAffine(s, in[1:3], o.Eps); err != nil {
		return nil, err
	}
	if o.Film {
		if err := wantFilm(s, in[3].Shape); err != nil {
			return nil, err
		}
	}
	return []Tensor{in[0]}, nil
}

// Record makes three passes: moments of parts of every channel, coefficients of
// every channel, and the map itself.
func (o GroupNorm) Record(t Target, in, out []Tensor) (Record, error) {
	s := in[0].Shape
	parts, apply := newChunks(s, 64), newChunks(s, mapRun(t))
	runs := parts.Threads / parts.C4 / uint32(s[0])
	temps := []int{48 * int(parts.Threads), 48 * s[0] * s.C4()}
	film, filmRow, hasFilm := In(3), 0, 1
	if o.Film {
		filmRow = 4 * in[3].Shape.C4()
	} else {
		film, hasFilm, temps = Temp(2), 0, append(temps, unread)
	}
	steps := []Dispatch{{
		Shader:  "groupnorm_stats.wgsl",
		Bind:    []Operand{In(0), Temp(0)},
		Uniform: parts,
	}, {
		Shader: "groupnorm_coef.wgsl",
		Set:    append(wideTile(t).settings(), shaders.Int("FILM", hasFilm)),
		Bind:   []Operand{Temp(0), In(1), In(2), film, Temp(1)},
		Uniform: struct {
			Images, Groups, Size, C4, Channels, Runs, Run, Pixels, Film uint32
			Eps                                                         float32
		}{uint32(s[0]), uint32(o.Groups), uint32(s[3] / o.Groups), parts.C4, uint32(s[3]), runs, parts.Run, parts.Pixels, uint32(filmRow), o.Eps},
	}, {
		Shader:  "groupnorm.wgsl",
		Set:     []shaders.Setting{shaders.Int("ACT", int(o.Act))},
		Bind:    []Operand{In(0), Temp(1), Out(0)},
		Uniform: struct{ Threads, C4, Pixels, Run, Channels uint32 }{apply.Threads, apply.C4, apply.Pixels, apply.Run, uint32(s[3])},
	}}
	for i, groups := range [...]int{int(parts.Threads+63) / 64, s[0] * o.Groups, int(apply.Threads+63) / 64} {
		var err error
		if steps[i].Groups, err = t.Grid(groups); err != nil {
			return Record{}, err
		}
	}
	return Record{Steps: steps, Temps: temps}, nil
}

func (o GroupNorm) Reference(in, out []*Array) {
	s := in[0].Shape
	size := s[3] / o.Groups
	gamma, beta := in[1].Row(0), in[2].Row(0)
	values := make([]float64, 0, s[1]*s[2]*size)
	for n := range s[0] {
		for g := range o.Groups {
			values = values[:0]
			for p := range s[1] * s[2] {
				values = append(values, in[0].Row(n*s[1]*s[2] + p)[g*size:(g+1)*size]...)
			}
			mean, variance := moments(values)
			scale := 1 / math.Sqrt(variance+float64(o.Eps))
			for i, v := range values {
				c := g*size + i%size
				v = (v-mean)*scale*gamma[c] + beta[c]
				if o.Film {
					film := in[3].Row(n)
					v = v*(1+film[c]) + film[s[3]+c]
				}
				out[0].Row(n*s[1]*s[2] + i/size)[c] = o.Act.apply(v)
			}
		}
	}
}

func init() {
	inputs := func(film bool, n, h, w, c int) []Tensor {
		in := []Tensor{Float(n, h, w, c), Float(1, 1, 1, c), Float(1, 1, 1, c)}
		if film {
			in = append(in, Float(n, 1, 1, 2*c))
		}
		return in
	}
	op := func(groups int, act Activation, film bool) GroupNorm { return GroupNorm{groups, 1e-5, act, film} }
	register(Entry{
		Name: "groupnorm", Class: Norm, Files: []string{"groupnorm_stats.wgsl", "groupnorm_coef.wgsl", "groupnorm.wgsl"},
		Cases: []Case{
			{Name: "one value", Op: op(1, Identity, false), In: inputs(false, 1, 1, 1, 1)},
			{Name: "1x1 image", Op: op(32, SiLU, true), In: inputs(true, 2, 1, 1, 128)},
			{Name: "7 channels in 1 group", Op: op(1, Identity, false), In: inputs(false, 2, 5, 3, 7)},
			{Name: "7 channels in 7 groups, sigmoid", Op: op(7, Sigmoid, true), In: inputs(true, 2, 5, 3, 7)},
			{Name: "32 groups of 1", Op: op(32, SiLU, false), In: inputs(false, 2, 9, 7, 32)},
			{Name: "32 groups of 2", Op: op(32, SiLU, true), In: inputs(true, 1, 17, 9, 64)},
			{Name: "32 groups of 3", Op: op(32, Identity, true), In: inputs(true, 2, 8, 13, 96)},
			{Name: "32 groups of 12", Op: op(32, SiLU, false), In: inputs(false, 1, 14, 14, 384)},
			{Name: "mean 1000", Op: op(4, Identity, false), In: inputs(false, 2, 33, 31, 20), Fill: offset},
			{Name: "mean 1000, a group to a channel", Op: op(32, Identity, false), In: inputs(false, 1, 65, 64, 32), Fill: offset},
			{Name: "outlier first", Op: op(2, Identity, false), In: inputs(false, 1, 33, 31, 8), Fill: func(_ *rand.Rand, in []*Array) {
				for c := range 8 {
					in[0].Set(0, 0, 0, c, 300)
				}
			}},
			{Name: "silu 56x56x128", Op: op(32, SiLU, true), In: inputs(true, 1, 56, 56, 128), Bench: true},
			{Name: "silu 224x224x128", Op: op(32, SiLU, true), In: inputs(true, 1, 224, 224, 128), Bench: true},
		},
		Random: func(r *rand.Rand) Case {
			groups, film := extent(r, 32), r.IntN(2) == 1
			c := groups * (1 + r.IntN(5))
			return Case{Op: op(groups, Activation(r.IntN(int(activations))), film), In: inputs(film, extent(r, 3), extent(r, 40), extent(r, 40), c)}
		},
	})
}
