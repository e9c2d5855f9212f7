package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// Noise makes random numbers from a counter: the input is a key [N, 1, 1, 4] of
// type U32, the output [N, H, W, C] is standard normal, or with Uniform equally
// spread over [0, 1). The value at a place depends on the key of its image, on its
// place and on nothing else.
//
// For image n, pixel q = h*W+w and channels 4j to 4j+3, Philox4x32-10 (Salmon et
// al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) with the key words
// (key[0], key[1]) and the counter words (q, j, key[2], key[3]) gives four words
// r0 to r3. Uniform: channel 4j+i is floor(ri / 2^8) 2^-24. Normal, by Box and
// Muller: with u(r) = (floor(r / 2^9) + 1/2) 2^-23,
//
//	channel 4j   = sqrt(-2 ln u(r0)) cos(2 pi u(r1))
//	channel 4j+1 = sqrt(-2 ln u(r0)) sin(2 pi u(r1))
//	channel 4j+2 = sqrt(-2 ln u(r2)) cos(2 pi u(r3))
//	channel 4j+3 = sqrt(-2 ln u(r2)) sin(2 pi u(r3))
//
// The words are the same on every device; ln, cos and sin are the shader's own
// (numeric.wgsl), so that normal values agree to about 1e-6 between devices. No
// value is beyond 5.77.
type Noise struct {
	H, W, C int
	Uniform bool
}

func (o Noise) Name() string { return "noise" }

func (o Noise) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, U32); err != nil {
		return nil, err
	}
	k := in[0].Shape
	if k[1] != 1 || k[2] != 1 || k[3] != 4 {
		return nil, fmt.Errorf("%w: key is %v, want Nx1x1x4", ErrShape, k)
	}
	y := Float(k[0], o.H, o.W, o.C)
	if !y.Shape.valid() {
		return nil, fmt.Errorf("%w: output %v: every extent must be positive and the whole below 2^31 values", ErrShape, y)
	}
	return []Tensor{y}, nil
}

func (o Noise) Record(t Target, in, out []Tensor) (Record, error) {
	y := out[0].Shape
	normal := 1
	if o.Uniform {
		normal = 0
	}
	return single(t, Dispatch{
		Shader:  "noise.wgsl",
		Set:     []shaders.Setting{shaders.Int("NORMAL", normal)},
		Uniform: noiseParams{uint32(y.Vectors()), uint32(y.C4()), uint32(y[3]), uint32(y[1] * y[2])},
	}, 1, 1, y.Vectors(), 64)
}

type noiseParams struct{ Vectors, C4, Channels, Pixels uint32 }

// philox is Philox4x32-10.
func philox(c [4]uint32, k [2]uint32) [4]uint32 {
	for range 10 {
		a, b := uint64(c[0])*0xd2511f53, uint64(c[2])*0xcd9e8d57
		c = [4]uint32{uint32(b>>32) ^ c[1] ^ k[0], uint32(b), uint32(a>>32) ^ c[3] ^ k[1], uint32(a)}
		k[0] += 0x9e3779b9
		k[1] += 0xbb67ae85
	}
	return c
}

func normalPair(a, b uint32) (float64, float64) {
	u, v := (float64(a>>9)+0.5)/(1<<23), (float64(b>>9)+0.5)/(1<<23)
	r := math.Sqrt(-2 * math.Log(u))
	sin, cos := math.Sincos(2 * math.Pi * v)
	return r * cos, r * sin
}

func (o Noise) Reference(in, out []*Array) {
	s := out[0].Shape
	for p := range s.Pixels() {
		key := in[0].Row(p / (o.H * o.W))
		y := out[0].Row(p)
		for j := range s.C4() {
			r := philox([4]uint32{uint32(p % (o.H * o.W)), uint32(j), uint32(key[2]), uint32(key[3])}, [2]uint32{uint32(key[0]), uint32(key[1])})
			var v [4]float64
			if o.Uniform {
				for i := range v {
					v[i] = float64(r[i]>>8) / (1 << 24)
				}
			} else {
				v[0], v[1] = normalPair(r[0], r[1])
				v[2], v[3] = normalPair(r[2], r[3])
			}
			copy(y[4*j:], v[:])
		}
	}
}

func init() {
	e := Entry{Name: "noise", Class: Elementwise, Files: []string{"noise.wgsl"}}
	for _, uniform := range []bool{false, true} {
		kind := "normal"
		if uniform {
			kind = "uniform"
		}
		e.Cases = append(e.Cases,
			Case{Name: kind + ", one value", Op: Noise{1, 1, 1, uniform}, In: []Tensor{Uint(1, 1, 1, 4)}},
			Case{Name: kind + ", odd", Op: Noise{5, 3, 7, uniform}, In: []Tensor{Uint(3, 1, 1, 4)}},
			Case{
				Name: kind + ", 4x224x224x3", Op: Noise{224, 224, 3, uniform}, In: []Tensor{Uint(4, 1, 1, 4)}, Bench: true,
				Bound: 1e-13, Why: "devices agree to 1e-6: root mean square 3e-7",
			})
	}
	e.Random = func(r *rand.Rand) Case {
		return Case{Op: Noise{extent(r, 40), extent(r, 40), extent(r, 70), r.IntN(2) == 0}, In: []Tensor{Uint(extent(r, 4), 1, 1, 4)}}
	}
	register(e)
}
