package kernels

import (
	"fmt"
	"math/rand/v2"
)

// FiLM is y = x*(1 + scale) + shift with a scale and a shift for every image and
// channel: inputs x [N, H, W, C] and [N or 1, 1, 1, 2C], the C scales before the C
// shifts; y as x. (Perez et al. 2018; the scale-shift norm of guided diffusion.)
type FiLM struct{}

func (o FiLM) Name() string { return "film" }

func (o FiLM) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32, F32); err != nil {
		return nil, err
	}
	if err := wantFilm(in[0].Shape, in[1].Shape); err != nil {
		return nil, err
	}
	return []Tensor{in[0]}, nil
}

func wantFilm(x, film Shape) error {
	w := Shape{x[0], 1, 1, 2 * x[3]}
	if film != w && film != (Shape{1, 1, 1, w[3]}) {
		return fmt.Errorf("%w: scales and shifts %v, want %v, or 1 image", ErrShape, film, w)
	}
	return nil
}

// filmRow is the number of values from the scales of one image to those of the
// next: 0 when all images have the same.
func (t Tensor) filmRow() int {
	if t.Shape[0] == 1 {
		return 0
	}
	return 4 * t.Shape.C4()
}

func (o FiLM) Record(t Target, in, out []Tensor) (Record, error) {
	s := in[0].Shape
	split := newChunks(s, mapRun(t))
	return single(t, Dispatch{
		Shader: "film.wgsl",
		Uniform: struct{ Threads, C4, Pixels, Run, Channels, Row uint32 }{
			split.Threads, split.C4, split.Pixels, split.Run, uint32(s[3]), uint32(in[1].filmRow()),
		},
	}, 2, 1, int(split.Threads), 64)
}

func (o FiLM) Reference(in, out []*Array) {
	channels := in[0].Shape[3]
	eachElem(in[0].Shape, func(n, h, w, c int) {
		film := in[1].Row(n % in[1].Shape[0])
		out[0].Set(n, h, w, c, in[0].At(n, h, w, c)*(1+film[c])+film[channels+c])
	})
}

func init() {
	film := func(n, h, w, c int) []Tensor { return []Tensor{Float(n, h, w, c), Float(n, 1, 1, 2*c)} }
	register(Entry{
		Name: "film", Class: Elementwise, Files: []string{"film.wgsl"},
		Cases: []Case{
			{Name: "one value", Op: FiLM{}, In: film(1, 1, 1, 1)},
			{Name: "7 channels", Op: FiLM{}, In: film(2, 5, 3, 7)},
			{Name: "the same for three images", Op: FiLM{}, In: []Tensor{Float(3, 5, 3, 7), Float(1, 1, 1, 14)}},
			{Name: "112x112x64", Op: FiLM{}, In: film(2, 112, 112, 64), Bench: true},
		},
		Random: func(r *rand.Rand) Case {
			return Case{Op: FiLM{}, In: film(extent(r, 3), extent(r, 40), extent(r, 40), extent(r, 70))}
		},
	})
}
