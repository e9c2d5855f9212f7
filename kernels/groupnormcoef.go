package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// GroupNormCoef is what Norm does to a value of each channel: (m, a, b) with
// z = (x - m)*a + b, where z is what the activation gets. Inputs, in this order: the
// Moments of each source, images of so many Pixels; gamma and beta; with Film the film.
// Output: the Coef, [N, 1, vectors of the channels, 12].
type GroupNormCoef struct {
	Norm   GroupNorm
	Pixels int

	unit bool // z is the normalised x: no gamma, beta and film
}

func (o GroupNormCoef) Name() string { return "groupnormcoef" }

func (o GroupNormCoef) Infer(in []Tensor) ([]Tensor, error) {
	n := o.Norm.affine()
	if len(in) < n+2 {
		return nil, fmt.Errorf("%w: %d inputs, want %d or more", ErrShape, len(in), n+2)
	}
	c := in[n].Shape[3]
	sources, first := make([]Tensor, n), 0
	for i, m := range in[:n] {
		sources[i] = Float(m.Shape[0], 1, o.Pixels, min(4*m.Shape[2], c-first))
		if c-first < 1 || m != momentsOf(sources[i].Shape) {
			return nil, fmt.Errorf("%w: moments are %v, want [N, 1, C/4, 12] for some of %d channels", ErrShape, m, c)
		}
		first += sources[i].Shape[3]
	}
	if _, err := o.Norm.Infer(append(sources, in[n:]...)); err != nil {
		return nil, err
	}
	return []Tensor{coefOf(sources)}, nil
}

func (o GroupNormCoef) Record(t Target, in, out []Tensor) (Record, error) {
	var rec Record
	n := o.Norm.affine()
	err := o.record(t, &rec, []Operand{In(0), In(1)}[:n], in[0].Shape[0], in[0].Shape[2], in[n:], Out(0))
	return rec, err
}

// record puts the Coef into to. first4: vectors of the first source's channels; affine:
// the inputs from gamma on, which has the number of Norm's.
func (o GroupNormCoef) record(t Target, rec *Record, moments []Operand, images, first4 int, affine []Tensor, to Operand) error {
	n, channels := o.Norm.affine(), affine[0].Shape[3]
	size := channels / o.Norm.Groups
	tile := newRowTile(t, size/4+1)
	p := groupNormCoef{
		Images: uint32(images), Groups: uint32(o.Norm.Groups), Size: uint32(size), C4: uint32(ceilDiv(channels, 4)), First4: uint32(first4),
		Channels: uint32(channels), Pixels: uint32(o.Pixels), Eps: o.Norm.Eps,
	}
	two, film, hasFilm := rec.absent(), rec.absent(), o.Norm.Film && !o.unit
	if o.Norm.Two {
		two = moments[1]
	}
	if hasFilm {
		p.Film, film = uint32(affine[2].filmRow()), In(n+2)
	}
	set := slices.Concat(tile.settings(), setting("TWO", o.Norm.Two), setting("UNIT", o.unit), setting("FILM", hasFilm))
	groups, err := tile.groups(t, images*o.Norm.Groups)
	rec.Steps = append(rec.Steps, Dispatch{
		Shader: "groupnorm_coef.wgsl", Set: set, Bind: []Operand{moments[0], two, In(n), In(n + 1), film, to}, Uniform: p, Groups: groups,
	})
	return err
}

type groupNormCoef struct {
	Images, Groups, Size, C4, First4, Channels, Pixels, Film uint32

	Eps float32
}

func (o GroupNormCoef) Reference(in, out []*Array) {
	n := o.Norm.affine()
	gamma, beta := in[n].Row(0), in[n+1].Row(0)
	images, size := in[0].Shape[0], len(gamma)/o.Norm.Groups
	for image := range images {
		at := func(c int) []float64 { // pivot, mean - pivot, variance, each four after the other
			v, m := c/4, in[0]
			if v >= m.Shape[2] {
				v, m = v-m.Shape[2], in[1]
			}
			return m.Row(image*m.Shape[2] + v)[c%4:]
		}
		for first := 0; first < len(gamma); first += size {
			pivot := at(first)[0] + at(first)[4]
			var mean, variance float64
			for c := first; c < first+size; c++ {
				mean += (at(c)[0] - pivot + at(c)[4]) / float64(size)
			}
			for c := first; c < first+size; c++ {
				d := at(c)[0] - pivot + at(c)[4] - mean
				variance += (at(c)[8] + d*d) / float64(size)
			}
			for c := first; c < first+size; c++ {
				a, b := gamma[c]/math.Sqrt(variance+float64(o.Norm.Eps)), beta[c]
				if o.Norm.Film {
					film := in[n+2].Row(image % in[n+2].Shape[0])
					a, b = a*(1+film[c]), b*(1+film[c])+film[len(gamma)+c]
				}
				row := out[0].Row(image*out[0].Shape[2] + c/4)[c%4:]
				row[0], row[4], row[8] = pivot, a, b-mean*a
			}
		}
	}
}

// coefCase is a case of images of 49 pixels of c and c2 channels; c2 0: one source.
func coefCase(name string, norm GroupNorm, n, c, c2 int) Case {
	norm.Two, norm.Eps = c2 > 0, 1e-5
	in := []Tensor{momentsOf(Shape{n, 1, 1, c})}
	if norm.Two {
		in = append(in, momentsOf(Shape{n, 1, 1, c2}))
	}
	sources := len(in)
	in = append(in, Float(1, 1, 1, c+c2), Float(1, 1, 1, c+c2))
	if norm.Film {
		in = append(in, Float(n, 1, 1, 2*(c+c2)))
	}
	return Case{Name: name, Op: GroupNormCoef{Norm: norm, Pixels: 49}, In: in, Fill: func(_ *rand.Rand, in []*Array) {
		for _, m := range in[:sources] {
			for i := range m.Shape.Pixels() {
				for j, v := range m.Row(i)[8:12] {
					m.Row(i)[8+j] = math.Abs(v)
				}
			}
		}
	}}
}

func coefCases() []Case {
	of := coefCase
	return []Case{
		of("coefficients of one channel", GroupNorm{Groups: 1}, 1, 1, 0),
		of("coefficients of 7 channels in 1 group", GroupNorm{Groups: 1}, 2, 7, 0),
		of("coefficients of 7 channels in 7 groups", GroupNorm{Groups: 7, Film: true}, 2, 7, 0),
		of("coefficients, a group over both sources", GroupNorm{Groups: 3, Film: true}, 2, 8, 7),
		of("coefficients, 32 groups of 16 of two sources", GroupNorm{Groups: 32}, 1, 256, 256),
		of("coefficients, 32 groups of 64", GroupNorm{Groups: 32, Film: true}, 2, 1024, 1024),
	}
}

func randomCoef(r *rand.Rand) Case {
	groups := extent(r, 32)
	c, c2 := groups*(1+r.IntN(9)), 0
	if c > 4 && r.IntN(2) == 1 {
		c2 = c - 4*(1+r.IntN((c-1)/4))
		c -= c2
	}
	return coefCase("", GroupNorm{Groups: groups, Film: r.IntN(2) == 1}, extent(r, 3), c, c2)
}
