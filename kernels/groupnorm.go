package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// GroupNorm normalises x [N, H, W, C] over the pixels and the channels of each of
// Groups equal groups of channels, as PyTorch's group_norm (biased variance):
//
//	y = act((x - mean)/sqrt(variance + Eps)*gamma + beta)
//
// Inputs, in this order: x; with Two x2 [N, H, W, C2], whose channels follow those
// of x, a multiple of four then, so that a concatenation is never made; gamma and
// beta [1, 1, 1, C + C2]; with Film [N or 1, 1, 1, 2(C + C2)], the scales before the
// shifts, which go between: act(norm(x)*(1 + scale) + shift), the scale-shift norm
// of guided diffusion. Output: y [N, H, W, C + C2].
type GroupNorm struct {
	Groups int
	Eps    float32
	Act    Activation
	Two    bool
	Film   bool
}

func (o GroupNorm) Name() string { return "groupnorm" }

// Sources is the number of them: the first inputs.
func (o GroupNorm) Sources() int {
	if o.Two {
		return 2
	}
	return 1
}

// affine is the index of gamma among the inputs.
func (o GroupNorm) affine() int { return o.Sources() }

func (o GroupNorm) Infer(in []Tensor) ([]Tensor, error) {
	first := o.affine()
	types := make([]Type, first+2, first+3)
	if o.Film {
		types = types[:first+3]
	}
	if err := want(in, types...); err != nil {
		return nil, err
	}
	s, err := joined(in[:first])
	if err != nil {
		return nil, err
	}
	if o.Groups < 1 || s[3]%o.Groups != 0 {
		return nil, fmt.Errorf("%w: %d groups of %d channels, want a divisor", ErrShape, o.Groups, s[3])
	}
	if o.Act >= activations {
		return nil, fmt.Errorf("%w: activation %d, want one below %d", ErrShape, o.Act, activations)
	}
	if err := wantAffine(s, in[first:first+2], o.Eps); err != nil {
		return nil, err
	}
	if o.Film {
		if err := wantFilm(s, in[first+2].Shape); err != nil {
			return nil, err
		}
	}
	return []Tensor{{Shape: s}}, nil
}

// Record has the Moments of the sources, the GroupNormCoef and Normalize.
func (o GroupNorm) Record(t Target, in, out []Tensor) (Record, error) {
	rec, moments, err := recordAllMoments(t, in[:o.affine()])
	if err != nil {
		return Record{}, err
	}
	coef, err := o.recordCoef(t, &rec, moments, in, false)
	if err != nil {
		return Record{}, err
	}
	n := Normalize{Act: o.Act, Two: o.Two}
	err = n.record(t, &rec, in[:o.affine()], coef, Out(0), out[0].Shape)
	return rec, err
}

// recordAllMoments puts the Moments of sources, the first inputs, into temporaries.
func recordAllMoments(t Target, sources []Tensor) (rec Record, moments []Operand, err error) {
	for i, x := range sources {
		moments = append(moments, rec.temp(momentsOf(x.Shape).Bytes()))
		if err := recordMoments(t, &rec, In(i), x.Shape, moments[i]); err != nil {
			return Record{}, nil, err
		}
	}
	return rec, moments, nil
}

// recordCoef puts the Coef into a temporary; unit: that of the normalised x.
func (o GroupNorm) recordCoef(t Target, rec *Record, moments []Operand, in []Tensor, unit bool) (Operand, error) {
	x, sources := in[0].Shape, in[:o.affine()]
	coef := rec.temp(coefOf(sources).Bytes())
	return coef, GroupNormCoef{o, x[1] * x[2], unit}.record(t, rec, moments, x[0], x.C4(), in[len(sources):], coef)
}

func (o GroupNorm) Reference(in, out []*Array) {
	if o.Two {
		joint := NewArray(out[0].Tensor)
		Concat{}.Reference(in[:2], []*Array{joint})
		o.Two = false
		o.Reference(append([]*Array{joint}, in[2:]...), out)
		return
	}
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
					film := in[3].Row(n % in[3].Shape[0])
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
	op := func(groups int, act Activation, film bool) GroupNorm {
		return GroupNorm{Groups: groups, Eps: 1e-5, Act: act, Film: film}
	}
	// two splits x of a case: the first c1 channels are a source of their own.
	two := func(c Case, c1 int) Case {
		o, x := c.Op.(GroupNorm), c.In[0]
		o.Two = true
		x2 := x
		x.Shape[3], x2.Shape[3] = c1, x.Shape[3]-c1
		c.Op, c.In = o, append([]Tensor{x, x2}, c.In[1:]...)
		return c
	}
	oneFilm := inputs(true, 3, 5, 6, 64)
	oneFilm[3] = Float(1, 1, 1, 128)
	register(Entry{
		Name: "groupnorm", Class: Norm, Files: []string{"groupnorm_coef.wgsl"},
		Cases: append(coefCases(), []Case{
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
			{Name: "one film for three images", Op: op(32, SiLU, true), In: oneFilm},
			two(Case{Name: "two sources, a group over both", Op: op(3, SiLU, true), In: inputs(true, 2, 5, 6, 15)}, 8),
			two(Case{Name: "two sources, a vector over two groups", Op: op(32, Identity, false), In: inputs(false, 2, 9, 7, 96)}, 64),
			two(Case{Name: "two sources, mean 1000", Op: op(2, Identity, false), In: inputs(false, 1, 33, 31, 20), Fill: offset}, 4),
			two(Case{Name: "silu 28x28x256+256", Op: op(32, SiLU, false), In: inputs(false, 1, 28, 28, 512), Bench: true}, 256),
			{Name: "silu 56x56x128", Op: op(32, SiLU, true), In: inputs(true, 1, 56, 56, 128), Bench: true},
			{Name: "silu 224x224x128", Op: op(32, SiLU, true), In: inputs(true, 1, 224, 224, 128), Bench: true},
		}...),
		Random: func(r *rand.Rand) Case {
			if r.IntN(3) == 0 {
				return randomCoef(r)
			}
			groups, film := extent(r, 32), r.IntN(2) == 1
			c := groups * (1 + r.IntN(5))
			made := Case{Op: op(groups, Activation(r.IntN(int(activations))), film), In: inputs(film, extent(r, 3), extent(r, 40), extent(r, 40), c)}
			if c > 4 && r.IntN(2) == 1 {
				return two(made, 4*(1+r.IntN((c-1)/4)))
			}
			return made
		},
	})
}
