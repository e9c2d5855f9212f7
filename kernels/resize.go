package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// ResizeMode says how Resize samples.
type ResizeMode uint8

const (
	Nearest ResizeMode = iota
	Bilinear
	resizeModes
)

func (m ResizeMode) String() string { return [...]string{"nearest", "bilinear"}[m] }

// Resize samples x [N, h, w, C] at [N, H, W, C], up or down, without
// antialiasing, as PyTorch's interpolate. Nearest reads pixel floor(i in/out).
// Bilinear reads at max(0, (i+1/2) in/out - 1/2), and with AlignCorners at
// i (in-1)/(out-1), or 0 when out is 1. The coordinates are exact quotients,
// where PyTorch rounds in/out first.
type Resize struct {
	Mode         ResizeMode
	AlignCorners bool // of Bilinear
	H, W         int
}

// resizeLimit keeps (2 out + 1) in below 2^32.
const resizeLimit = 1 << 15

func (o Resize) Name() string { return "resize" }

func (o Resize) Infer(in []Tensor) ([]Tensor, error) {
	if o.Mode >= resizeModes || o.AlignCorners && o.Mode != Bilinear {
		return nil, fmt.Errorf("%w: resize mode %d, align corners %t, want nearest without or bilinear", ErrShape, o.Mode, o.AlignCorners)
	}
	if err := want(in, F32); err != nil {
		return nil, err
	}
	y := in[0]
	y.Shape[1], y.Shape[2] = o.H, o.W
	for _, e := range []int{o.H, o.W, in[0].Shape[1], in[0].Shape[2]} {
		if e < 1 || e > resizeLimit {
			return nil, fmt.Errorf("%w: resize %v to %dx%d, want extents of 1 to %d", ErrShape, in[0].Shape, o.H, o.W, resizeLimit)
		}
	}
	if !y.Shape.valid() {
		return nil, fmt.Errorf("%w: output %v is not below 2^31 values", ErrShape, y)
	}
	return []Tensor{y}, nil
}

func (o Resize) Record(t Target, in, out []Tensor) (Record, error) {
	x, y := in[0].Shape, out[0].Shape
	corners := 0
	if o.AlignCorners {
		corners = 1
	}
	return single(t, Dispatch{
		Shader:  "resize.wgsl",
		Set:     []shaders.Setting{shaders.Int("BILINEAR", int(o.Mode)), shaders.Int("CORNERS", corners)},
		Uniform: resizeParams{uint32(y.Vectors()), uint32(y.C4()), uint32(y[1]), uint32(y[2]), uint32(x[1]), uint32(x[2])},
	}, 1, 1, y.Vectors(), 64)
}

type resizeParams struct{ Vectors, C4, H, W, XH, XW uint32 }

// at is the coordinate that place i of out reads from: the pixels around it and
// the weight of the second.
func (o Resize) at(i, size, out int) (low, high int, weight float64) {
	if o.Mode == Nearest {
		return i * size / out, i * size / out, 0
	}
	pos := max(0, (float64(i)+0.5)*float64(size)/float64(out)-0.5)
	if o.AlignCorners {
		pos = float64(i) * float64(size-1) / float64(max(out, 2)-1)
	}
	floor, weight := math.Modf(pos)
	return int(floor), min(int(floor)+1, size-1), weight
}

func (o Resize) Reference(in, out []*Array) {
	x, s := in[0], in[0].Shape
	eachElem(out[0].Shape, func(n, h, w, c int) {
		top, bottom, v := o.at(h, s[1], o.H)
		left, right, u := o.at(w, s[2], o.W)
		a := x.At(n, top, left, c)*(1-u) + x.At(n, top, right, c)*u
		b := x.At(n, bottom, left, c)*(1-u) + x.At(n, bottom, right, c)*u
		out[0].Set(n, h, w, c, a*(1-v)+b*v)
	})
}

func init() {
	e := Entry{Name: "resize", Class: Elementwise, Files: []string{"resize.wgsl"}}
	for _, o := range []Resize{{Mode: Nearest}, {Mode: Bilinear}, {Mode: Bilinear, AlignCorners: true}} {
		of := func(name string, h, w int, x Tensor, bench bool) {
			o.H, o.W = h, w
			mode := o.Mode.String()
			if o.AlignCorners {
				mode += " with corners aligned"
			}
			e.Cases = append(e.Cases, Case{Name: mode + ", " + name, Op: o, In: []Tensor{x}, Bench: bench})
		}
		of("same", 4, 5, Float(2, 4, 5, 7), false)
		of("up", 13, 10, Float(2, 5, 3, 7), false)
		of("down", 3, 4, Float(2, 16, 9, 5), false)
		of("up and down", 17, 3, Float(1, 7, 11, 4), false)
		of("to one pixel", 1, 1, Float(2, 6, 7, 3), false)
		of("from one pixel", 5, 4, Float(2, 1, 1, 3), false)
		of("14x14x272 to 224x224", 224, 224, Float(1, 14, 14, 272), false)
		of("28x28x256 to 56x56", 56, 56, Float(1, 28, 28, 256), true)
		of("112x112x24 to 14x14", 14, 14, Float(1, 112, 112, 24), true)
	}
	e.Random = func(r *rand.Rand) Case {
		o := Resize{Mode: ResizeMode(r.IntN(int(resizeModes))), H: extent(r, 70), W: extent(r, 70)}
		o.AlignCorners = o.Mode == Bilinear && r.IntN(2) == 0
		return Case{Op: o, In: []Tensor{Float(extent(r, 3), extent(r, 70), extent(r, 70), extent(r, 20))}}
	}
	register(e)
}
