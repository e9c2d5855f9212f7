package kernels

import (
	"fmt"
	"math/rand/v2"
)

// ConvFlip turns the weight of a convolution into that of its gradient by the
// input: w [KH, KW, rows, K], as PackConv makes it, to [KH, KW, K padded to four,
// Channels] with
//
//	y[i, j, k, c] = w[KH-1-i, KW-1-j, First+c, k]
//
// First, a multiple of four, is where the rows of one of two sources begin. That of a
// depthwise convolution, w [KH, KW, 1, C], is flipped only.
type ConvFlip struct {
	First, Channels int
	Depthwise       bool
}

func (o ConvFlip) Name() string { return "convflip" }

func (o ConvFlip) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32); err != nil {
		return nil, err
	}
	w := in[0].Shape
	if o.Depthwise {
		if o.First != 0 || o.Channels != w[3] || w[2] != 1 {
			return nil, fmt.Errorf("%w: depthwise weight %v from %d on, want [rows, columns, 1, %d]", ErrShape, w, o.First, o.Channels)
		}
		return in[:1:1], nil
	}
	if o.First < 0 || o.First%4 != 0 || o.Channels < 1 || o.First > w[2]-o.Channels {
		return nil, fmt.Errorf("%w: %d rows from %d on, a multiple of 4, of weight %v", ErrShape, o.Channels, o.First, w)
	}
	return []Tensor{Float(w[0], w[1], pad4(w[3]), o.Channels)}, nil
}

func (o ConvFlip) Record(t Target, in, out []Tensor) (Record, error) {
	w, y := in[0].Shape, out[0].Shape
	items := y.Vectors()
	if !o.Depthwise {
		items /= 4
	}
	return single(t, Dispatch{
		Shader: "convflip.wgsl",
		Uniform: struct{ Items, C4, Channels, Taps, K4, Rows, First, Depthwise uint32 }{
			uint32(items), uint32(y.C4()), uint32(y[3]), uint32(w[0] * w[1]), uint32(w.C4()), uint32(w[2]), uint32(o.First), flag(o.Depthwise),
		},
	}, 1, 1, items, 64)
}

func (o ConvFlip) Reference(in, out []*Array) {
	w := in[0].Shape
	if o.Depthwise {
		eachElem(w, func(i, j, _, c int) { out[0].Set(i, j, 0, c, in[0].At(w[0]-1-i, w[1]-1-j, 0, c)) })
		return
	}
	eachElem(Shape{w[0], w[1], w[3], o.Channels}, func(i, j, k, c int) {
		out[0].Set(i, j, k, c, in[0].At(w[0]-1-i, w[1]-1-j, o.First+c, k))
	})
}

func init() {
	of := func(name string, first, channels int, w Shape) Case {
		return Case{Name: name, Op: ConvFlip{First: first, Channels: channels}, In: []Tensor{{w, F32}}}
	}
	depthwise := func(name string, w Shape) Case {
		return Case{Name: name, Op: ConvFlip{Channels: w[3], Depthwise: true}, In: []Tensor{{w, F32}}}
	}
	bench := of("3x3 256->256", 0, 256, Shape{3, 3, 256, 256})
	bench.Bench = true
	register(Entry{
		Name: "convflip", Class: Elementwise, Files: []string{"convflip.wgsl"},
		Cases: []Case{
			of("one value", 0, 1, Shape{1, 1, 1, 1}),
			of("7 to 5 channels", 0, 7, Shape{3, 3, 8, 5}),
			of("second source", 8, 6, Shape{3, 2, 16, 9}),
			depthwise("depthwise 3x2 of 9", Shape{3, 2, 1, 9}),
			bench,
		},
		Random: func(r *rand.Rand) Case {
			if r.IntN(4) == 0 {
				return depthwise("", Shape{1 + r.IntN(4), 1 + r.IntN(4), 1, extent(r, 70)})
			}
			first, channels := 4*r.IntN(4), extent(r, 70)
			return of("", first, channels, Shape{1 + r.IntN(4), 1 + r.IntN(4), first + pad4(channels), extent(r, 70)})
		},
	})
}
