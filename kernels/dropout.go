package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Dropout keeps each value of x [N, H, W, C] with probability 1-P, times 1/(1-P), and
// makes the others zero. The second input is a key [1, 1, 1, 4] of type U32; what is
// kept depends on the key, on Stream, which sets operations with one key apart, and
// on the place. With the pixel q counted over all images and channels 4j to 4j+3,
// Philox4x32-10 (Noise) with the key words (key[0], key[1]) and the counter words
// (q, j, key[2], key[3] + Stream) gives four words; a value is kept when its word is
// at least floor(2^32 P).
type Dropout struct {
	P      float64 // 0 to below 1
	Stream uint32
}

func (o Dropout) Name() string { return "dropout" }

func (o Dropout) Infer(in []Tensor) ([]Tensor, error) {
	if !(o.P >= 0 && o.P < 1) {
		return nil, fmt.Errorf("%w: probability %g, want 0 to below 1", ErrShape, o.P)
	}
	if err := want(in, F32, U32); err != nil {
		return nil, err
	}
	if k := in[1].Shape; k != (Shape{1, 1, 1, 4}) {
		return nil, fmt.Errorf("%w: key is %v, want 1x1x1x4", ErrShape, k)
	}
	return in[:1:1], nil
}

// threshold is the smallest word that keeps its value.
func (o Dropout) threshold() uint32 { return uint32(math.Ldexp(o.P, 32)) }

func (o Dropout) Record(t Target, in, out []Tensor) (Record, error) {
	s := in[0].Shape
	return single(t, Dispatch{
		Shader: "dropout.wgsl",
		Uniform: struct {
			Vectors, C4, Stream, Threshold uint32
			Scale                          float32
		}{uint32(s.Vectors()), uint32(s.C4()), o.Stream, o.threshold(), o.scale()},
	}, 2, 1, s.Vectors(), 64)
}

// scale is what values that stay are multiplied with.
func (o Dropout) scale() float32 { return float32(1 / (1 - o.P)) }

// factor is what channel c of pixel q is multiplied with.
func (o Dropout) factor(key []float64, q, c int) float64 {
	r := philox([4]uint32{uint32(q), uint32(c / 4), uint32(key[2]), uint32(key[3]) + o.Stream}, [2]uint32{uint32(key[0]), uint32(key[1])})
	if r[c%4] < o.threshold() {
		return 0
	}
	return 1 / (1 - o.P)
}

func (o Dropout) Reference(in, out []*Array) {
	for q := range in[0].Shape.Pixels() {
		y := out[0].Row(q)
		for c, x := range in[0].Row(q) {
			y[c] = x * o.factor(in[1].Data, q, c)
		}
	}
}

// Gradient drops the same places.
func (o Dropout) Gradient(t Tape, a Applied) ([]Ref, error) {
	return []Ref{apply(t, o, a.DOut[0], a.In[1]), 0}, nil
}

func init() {
	of := func(name string, p float64, stream uint32, x Tensor) Case {
		return Case{Name: name, Op: Dropout{p, stream}, In: []Tensor{x, Uint(1, 1, 1, 4)}}
	}
	bench := of("8x196 tokens of 1024", 0.1, 1, Float(8, 1, 196, 1024))
	bench.Bench = true
	register(Entry{
		Name: "dropout", Class: Elementwise, Files: []string{"dropout.wgsl"},
		Cases: []Case{
			of("nothing", 0, 0, Float(2, 3, 5, 7)), of("a tenth", 0.1, 3, Float(2, 9, 5, 7)),
			of("all but 1/64", 1-1.0/64, 1<<31, Float(2, 9, 5, 33)), bench,
		},
		Random: func(r *rand.Rand) Case {
			return of("", r.Float64(), r.Uint32(), Float(1+extent(r, 3), 8+extent(r, 17), extent(r, 17), 4+extent(r, 33)))
		},
	})
}
