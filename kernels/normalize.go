package kernels

import (
	"fmt"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// Normalize is y = act((x - m)*a + b), the last pass of a norm. Inputs, in this order: x
// [N, H, W, C]; with Two x2 [N, H, W, C2], whose channels follow those of x, a multiple
// of four then; coef, as GroupNormCoef makes it of them. Output: y [N, H, W, C + C2];
// with Halve [N, H/2, W/2, C + C2], the means of two by two pixels of that.
type Normalize struct {
	Act   Activation
	Two   bool
	Halve bool // of an even H and W
}

func (o Normalize) Name() string { return "normalize" }

// sources is the number of them, and the index of coef.
func (o Normalize) sources() int {
	if o.Two {
		return 2
	}
	return 1
}

// coefOf is the Coef for sources: [N, 1, vectors of their channels, 12], m, a and b of
// each vector.
func coefOf(sources []Tensor) Tensor {
	c4 := 0
	for _, x := range sources {
		c4 += x.Shape.C4()
	}
	return Float(sources[0].Shape[0], 1, c4, 12)
}

func (o Normalize) Infer(in []Tensor) ([]Tensor, error) {
	n := o.sources()
	if err := want(in, make([]Type, n+1)...); err != nil {
		return nil, err
	}
	if o.Act >= activations {
		return nil, fmt.Errorf("%w: activation %d, want one below %d", ErrShape, o.Act, activations)
	}
	y, err := joined(in[:n])
	if err != nil {
		return nil, err
	}
	if want := coefOf(in[:n]); in[n] != want {
		return nil, fmt.Errorf("%w: coefficients are %v, want %v", ErrShape, in[n], want)
	}
	if o.Halve {
		if y[1]%2+y[2]%2 > 0 {
			return nil, fmt.Errorf("%w: half of %v, want an even H and W", ErrShape, y)
		}
		y[1], y[2] = y[1]/2, y[2]/2
	}
	return []Tensor{{Shape: y}}, nil
}

// joined is the shape of one or two sources of a norm side by side.
func joined(sources []Tensor) (Shape, error) {
	y := sources[0].Shape
	if len(sources) == 1 {
		return y, nil
	}
	x2 := sources[1].Shape
	if x2[0] != y[0] || x2[1] != y[1] || x2[2] != y[2] || y[3]%4 != 0 {
		return y, fmt.Errorf("%w: sources %v and %v, want N, H and W alike and channels of the first a multiple of 4", ErrShape, y, x2)
	}
	if y[3] += x2[3]; !y.valid() {
		return y, fmt.Errorf("%w: output %v is not below 2^31 values", ErrShape, y)
	}
	return y, nil
}

// Record has a dispatch for each source.
func (o Normalize) Record(t Target, in, out []Tensor) (Record, error) {
	var rec Record
	n := o.sources()
	err := o.record(t, &rec, in[:n], In(n), Out(0), out[0].Shape)
	return rec, err
}

// record adds the dispatches for sources, the first inputs.
func (o Normalize) record(t Target, rec *Record, sources []Tensor, coef, y Operand, s Shape) error {
	set := append(setting("HALVE", o.Halve), shaders.Int("ACT", int(o.Act)))
	first := 0
	for i, x := range sources {
		c := newChunks(Shape{s[0], s[1], s[2], x.Shape[3]}, mapRun(t))
		if err := rec.over(t, Dispatch{
			Shader: "normalize.wgsl", Set: set, Bind: []Operand{In(i), coef, y},
			Uniform: normalizeParams{c.Threads, c.C4, c.Pixels, c.Run, uint32(x.Shape[3]), uint32(s.C4()), uint32(first), uint32(s[2])},
		}, int(c.Threads)); err != nil {
			return err
		}
		first += x.Shape.C4()
	}
	return nil
}

type normalizeParams struct{ Threads, C4, Pixels, Run, Channels, Joint4, First4, W uint32 }

func (o Normalize) Reference(in, out []*Array) {
	n := o.sources()
	y := out[0]
	if o.Halve {
		whole := y.Shape
		whole[1], whole[2] = 2*whole[1], 2*whole[2]
		y = NewArray(Tensor{Shape: whole})
	}
	first := 0
	for _, x := range in[:n] {
		normalizeReference(o.Act, x, in[n], first/4, y, first)
		first += x.Shape[3]
	}
	if o.Halve {
		Halve.Reference([]*Array{y}, out)
	}
}

// Halve is the pool that Normalize can do as well.
var Halve = Pool{Kind: PoolAvg, Window: [2]int{2, 2}, Stride: [2]int{2, 2}}

// normalizeReference puts x into the channels of y from first on, by the vectors of coef
// from first4 on.
func normalizeReference(act Activation, x, coef *Array, first4 int, y *Array, first int) {
	pixels := x.Shape[1] * x.Shape[2]
	for i := range x.Shape.Pixels() {
		to := y.Row(i)[first:]
		for c, v := range x.Row(i) {
			k := coef.Row(i/pixels*coef.Shape[2] + first4 + c/4)[c%4:]
			to[c] = act.apply((v-k[0])*k[4] + k[8])
		}
	}
}

func init() {
	of := func(o Normalize, n, h, w, c1, c2 int) Case {
		sources := []Tensor{Float(n, h, w, c1)}
		if c2 > 0 {
			o.Two = true
			sources = append(sources, Float(n, h, w, c2))
		}
		return Case{Op: o, In: append(sources, coefOf(sources))}
	}
	e := Entry{Name: "normalize", Class: Elementwise, Files: []string{"normalize.wgsl"}}
	add := func(name string, bench bool, c Case) {
		c.Name, c.Bench = name, bench
		e.Cases = append(e.Cases, c)
	}
	silu, half := Normalize{Act: SiLU}, Normalize{Act: SiLU, Halve: true}
	add("one value", false, of(Normalize{}, 1, 1, 1, 1, 0))
	add("7 channels, gelu", false, of(Normalize{Act: GELU}, 2, 5, 13, 7, 0))
	add("two sources of 8 and 7", false, of(silu, 3, 9, 8, 8, 7))
	add("half of 2x2", false, of(half, 2, 2, 2, 5, 0))
	add("half of two sources", false, of(half, 2, 18, 34, 12, 9))
	add("silu 56x56x128", true, of(silu, 1, 56, 56, 128, 0))
	add("half of silu 56x56x128", true, of(half, 1, 56, 56, 128, 0))
	e.Random = func(r *rand.Rand) Case {
		o := Normalize{Act: Activation(r.IntN(int(activations))), Halve: r.IntN(2) == 1}
		h, w, c, c2 := extent(r, 40), extent(r, 40), extent(r, 40), 0
		if o.Halve {
			h, w = 2*h, 2*w
		}
		if r.IntN(2) == 1 {
			c, c2 = pad4(c), extent(r, 40)
		}
		return of(o, extent(r, 3), h, w, c, c2)
	}
	register(e)
}
