package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/drdc-dev/drdc/shaders"
)

// GroupNormGrad is the gradient of Norm. Inputs: those of Norm, in its order, and dy,
// of its output's shape. Let z be what the activation gets, g its derivative at z
// times dy, and h the normalised x. Outputs: dx; with Two the gradient of the second
// source; then the sums over the pixels of g and of g*h, [N, 1, 1, C + C2], which the
// gradients of gamma, beta and the film are made of. With Given the Moments of the sources
// are the last inputs, and not computed.
type GroupNormGrad struct {
	Norm  GroupNorm
	Given bool
}

func (o GroupNormGrad) Name() string { return "groupnormgrad" }

// gradient is the index of dy among the inputs.
func (o GroupNormGrad) gradient(in []Tensor) int {
	if o.Given {
		return len(in) - 1 - o.Norm.affine()
	}
	return len(in) - 1
}

func (o GroupNormGrad) Infer(in []Tensor) ([]Tensor, error) {
	last := o.gradient(in)
	if len(in) == 0 {
		return nil, fmt.Errorf("%w: no inputs", ErrShape)
	}
	if last < o.Norm.affine() {
		return nil, fmt.Errorf("%w: %d inputs, want more", ErrShape, len(in))
	}
	for i, m := range in[last+1:] {
		if want := momentsOf(in[i].Shape); m != want {
			return nil, fmt.Errorf("%w: moments are %v, want %v", ErrShape, m, want)
		}
	}
	y, err := o.Norm.Infer(in[:last])
	if err != nil {
		return nil, err
	}
	if in[last] != y[0] {
		return nil, fmt.Errorf("%w: gradient is %v, want %v", ErrShape, in[last], y[0])
	}
	sums := Float(y[0].Shape[0], 1, 1, y[0].Shape[3])
	return append(in[:o.Norm.affine():o.Norm.affine()], sums, sums), nil
}

// Record has the moments and the coefficients of z, those of h, the sums over parts of
// every channel, over channels and groups, and the map itself. The sums of parts and the
// map have a dispatch for each source.
func (o GroupNormGrad) Record(t Target, in, out []Tensor) (Record, error) {
	dy, n := o.gradient(in), o.Norm
	s, affine := in[dy].Shape, n.affine()
	rec, moments := Record{}, []Operand{In(dy + 1), In(dy + 2)}[:affine]
	if !o.Given {
		var err error
		if rec, moments, err = recordAllMoments(t, in[:affine]); err != nil {
			return Record{}, err
		}
	}
	z, err := n.recordCoef(t, &rec, moments, in, false)
	if err != nil {
		return Record{}, err
	}
	h, err := n.recordCoef(t, &rec, moments, in, true)
	if err != nil {
		return Record{}, err
	}
	parts := newChunks(s, 64)
	runs := int(parts.Threads/parts.C4) / s[0]
	sums, dx := rec.temp(32*int(parts.Threads)), rec.temp(32*s[0]*s.C4())

	add := func(d Dispatch, groups int) error {
		var err error
		d.Groups, err = t.Grid(groups)
		rec.Steps = append(rec.Steps, d)
		return err
	}
	first := 0
	for i, x := range in[:affine] {
		c := newChunks(x.Shape, 64)
		if err := add(Dispatch{
			Shader: "groupnormgrad_sums.wgsl",
			Set:    []shaders.Setting{shaders.Int("ACT", int(n.Act))},
			Bind:   []Operand{In(i), In(dy), z, h, sums, Out(i)},
			Uniform: struct{ Threads, C4, Pixels, Run, Joint4, First4 uint32 }{
				c.Threads, c.C4, c.Pixels, c.Run, parts.C4, uint32(first),
			},
		}, ceilDiv(int(c.Threads), 64)); err != nil {
			return Record{}, err
		}
		first += x.Shape.C4()
	}
	if err := add(Dispatch{
		Shader: "groupnormgrad_coef.wgsl",
		Set:    wideTile(t).settings(),
		Bind:   []Operand{sums, z, dx, Out(affine), Out(affine + 1)},
		Uniform: struct{ Images, Groups, Size, C4, Channels, Runs, Pixels uint32 }{
			uint32(s[0]), uint32(n.Groups), uint32(s[3] / n.Groups), parts.C4, uint32(s[3]), uint32(runs), parts.Pixels,
		},
	}, s[0]*n.Groups); err != nil {
		return Record{}, err
	}
	first = 0
	for i, x := range in[:affine] {
		c := newChunks(x.Shape, mapRun(t))
		if err := add(Dispatch{
			Shader: "groupnormgrad.wgsl",
			Bind:   []Operand{In(i), z, h, dx, Out(i)},
			Uniform: struct{ Threads, C4, Pixels, Run, Channels, Joint4, First4 uint32 }{
				c.Threads, c.C4, c.Pixels, c.Run, uint32(x.Shape[3]), parts.C4, uint32(first),
			},
		}, ceilDiv(int(c.Threads), 64)); err != nil {
			return Record{}, err
		}
		first += x.Shape.C4()
	}
	return rec, nil
}

func (o GroupNormGrad) Reference(in, out []*Array) {
	n := o.Norm
	if o.Given {
		in, o.Given = in[:len(in)-n.affine()], false
	}
	if n.Two {
		joint := NewArray(in[len(in)-1].Tensor)
		Concat{}.Reference(in[:2], []*Array{joint})
		dx := NewArray(joint.Tensor)
		one := o
		one.Norm.Two = false
		one.Reference(append([]*Array{joint}, in[2:]...), append([]*Array{dx}, out[2:]...))
		c := in[0].Shape[3]
		Slice{3, 0, c}.Reference([]*Array{dx}, out[:1])
		Slice{3, c, in[1].Shape[3]}.Reference([]*Array{dx}, out[1:2])
		return
	}
	s, dy := in[0].Shape, in[len(in)-1]
	size, pixels := s[3]/n.Groups, s[1]*s[2]
	gamma, beta := in[1].Row(0), in[2].Row(0)
	values, gs := make([]float64, pixels*size), make([]float64, pixels*size)
	for image := range s[0] {
		for group := range n.Groups {
			for i := range values {
				values[i] = in[0].Row(image*pixels + i/size)[group*size+i%size]
			}
			mean, variance := moments(values)
			scale := 1 / math.Sqrt(variance+float64(n.Eps))
			gain := func(c int) (gain, shift float64) {
				if !n.Film {
					return 1, 0
				}
				film := in[3].Row(image % in[3].Shape[0])
				return 1 + film[c], film[s[3]+c]
			}
			var sum, sumH float64
			for i, v := range values {
				c := group*size + i%size
				h := (v - mean) * scale
				k, shift := gain(c)
				g := dy.Row(image*pixels + i/size)[c] * n.Act.slope((h*gamma[c]+beta[c])*k+shift)
				out[1].Row(image)[c] += g
				out[2].Row(image)[c] += g * h
				gs[i] = g * gamma[c] * k
				sum += gs[i] / float64(len(values))
				sumH += gs[i] * h / float64(len(values))
			}
			for i, v := range values {
				out[0].Row(image*pixels + i/size)[group*size+i%size] = scale * (gs[i] - sum - (v-mean)*scale*sumH)
			}
		}
	}
}

func (o GroupNorm) Gradient(t Tape, a Applied) ([]Ref, error) {
	first := o.affine()
	d := t.Apply(GroupNormGrad{Norm: o}, first+2, append(slices.Clone(a.In), a.DOut[0])...)
	grads := append(make([]Ref, 0, len(a.In)), d[:first]...)
	sum, sumH := d[first], d[first+1] // by shift and, before the film, by scale
	gamma, beta := a.In[first], a.In[first+1]
	c := t.Tensor(gamma).Shape
	filmed := func(v Ref) Ref {
		if !o.Film {
			return v
		}
		return plus(t, v, times(t, v, apply(t, Slice{3, 0, c[3]}, a.In[first+2])))
	}
	for i, v := range []Ref{sumH, sum} {
		if grads = append(grads, 0); a.Need[first+i] {
			grads[first+i] = sumTo(t, filmed(v), c)
		}
	}
	if o.Film {
		scale := plus(t, times(t, sumH, gamma), times(t, sum, beta))
		film := apply(t, Concat{}, scale, sum)
		grads = append(grads, sumTo(t, film, t.Tensor(a.In[first+2]).Shape))
	}
	return grads, nil
}

func init() {
	e := Entry{
		Name: "groupnormgrad", Class: Norm,
		Files: []string{"groupnormgrad.wgsl", "groupnormgrad_coef.wgsl", "groupnormgrad_sums.wgsl"},
	}
	// of makes a case; c2 channels of a second source may be 0.
	of := func(name string, n GroupNorm, images, h, w, c, c2 int) Case {
		n.Eps, n.Two = 1e-5, c2 > 0
		in := []Tensor{Float(images, h, w, c)}
		if n.Two {
			in = append(in, Float(images, h, w, c2))
		}
		c += c2
		in = append(in, Float(1, 1, 1, c), Float(1, 1, 1, c))
		if n.Film {
			in = append(in, Float(images, 1, 1, 2*c))
		}
		return Case{Name: name, Op: GroupNormGrad{Norm: n}, In: append(in, Float(images, h, w, c))}
	}
	silu := func(groups int, film bool) GroupNorm { return GroupNorm{Groups: groups, Act: SiLU, Film: film} }
	shared := of("one film for three images", silu(8, true), 3, 5, 6, 16, 0)
	shared.In[3] = Float(1, 1, 1, 32)
	far := of("mean 1000", GroupNorm{Groups: 4}, 2, 33, 31, 20, 0)
	far.Fill, far.Bound = offset, 1e-8
	far.Why = "the sums of gradients times deviations keep the deviations' rounding, 6e-8 of a mean of 1000"
	bench := of("silu 4x28x28x128", silu(32, true), 4, 28, 28, 128, 0)
	bench.Bench = true
	e.Cases = []Case{
		of("1x1 image", silu(2, false), 2, 1, 1, 8, 0),
		of("7 channels in 1 group", GroupNorm{Groups: 1}, 2, 5, 3, 7, 0),
		of("7 channels in 7 groups, gelu", GroupNorm{Groups: 7, Act: GELU, Film: true}, 2, 5, 3, 7, 0),
		of("32 groups of 3", silu(32, true), 2, 8, 13, 96, 0),
		of("two sources, a group over both", silu(3, true), 2, 5, 6, 8, 7),
		of("two sources", silu(32, false), 1, 9, 7, 64, 32),
		shared, far, bench,
		given(of("two sources, moments given", silu(3, true), 2, 5, 6, 8, 7)),
		given(of("moments given, a mean of 1000", GroupNorm{Groups: 4}, 2, 33, 31, 20, 0)),
	}
	e.Random = func(r *rand.Rand) Case {
		groups := extent(r, 32)
		n := GroupNorm{Groups: groups, Act: Activation(r.IntN(int(activations))), Film: r.IntN(2) == 1}
		c, c2 := groups*(1+r.IntN(5)), 0
		if c > 4 && r.IntN(2) == 1 {
			c2 = c - 4*(1+r.IntN((c-1)/4))
		}
		made := of("", n, extent(r, 3), 2+extent(r, 20), 2+extent(r, 20), c-c2, c2)
		if r.IntN(2) == 1 {
			return given(made)
		}
		return made
	}
	register(e)
}

// given is c with the moments as inputs.
func given(c Case) Case {
	o := c.Op.(GroupNormGrad)
	o.Given = true
	sources, first := c.In[:o.Norm.affine()], len(c.In)
	for _, x := range sources {
		c.In = append(c.In, momentsOf(x.Shape))
	}
	fill := c.Fill
	c.Op, c.Fill = o, func(r *rand.Rand, in []*Array) {
		if fill != nil {
			fill(r, in)
		}
		for i, x := range in[:len(sources)] {
			x.Round()
			Moments{}.Reference([]*Array{x}, in[first+i:first+i+1])
		}
	}
	return c
}
