package kernels

import (
	"fmt"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// DepthwiseWeight is the gradient of a depthwise convolution by its weight,
//
//	dw[i, j, c] = sum over n, y, x of in[n, y Stride+i-Pad, x Stride+j-Pad, c] dy[n, y, x, c]
//
// Inputs: in [N, H, W, C] and dy [N, OH, OW, C]. Output: dw [KH, KW, 1, C], as
// PackDepthwise makes it.
type DepthwiseWeight struct {
	Kernel, Stride [2]int // rows, columns
	Pad            [4]int // top, left, bottom, right
}

func (o DepthwiseWeight) Name() string { return "depthwiseweight" }

func (o DepthwiseWeight) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32, F32); err != nil {
		return nil, err
	}
	c := in[0].Shape[3]
	if c < 2 {
		return nil, fmt.Errorf("%w: %d channels, want at least 2", ErrShape, c)
	}
	w := Float(o.Kernel[0], o.Kernel[1], 1, c)
	// The forward operation checks the fields.
	y, err := Conv2D{Stride: o.Stride, Pad: o.Pad, Groups: c}.Infer([]Tensor{in[0], w})
	if err != nil {
		return nil, err
	}
	if y[0].Shape != in[1].Shape {
		return nil, fmt.Errorf("%w: gradient %v, want %v", ErrShape, in[1].Shape, y[0].Shape)
	}
	return []Tensor{w}, nil
}

// Flops implements Counted: as many as the convolution's.
func (o DepthwiseWeight) Flops(in, out []Tensor) float64 {
	return 2 * float64(o.Kernel[0]*o.Kernel[1]) * float64(in[1].Shape.Elems())
}

// Record splits the rows so that the device is busy, and then adds up the parts.
func (o DepthwiseWeight) Record(t Target, in, out []Tensor) (Record, error) {
	x, dy, w := in[0].Shape, in[1].Shape, out[0].Shape
	pixels, threads, busy := min(4, dy[2]), 64, 16384
	if t.CPU {
		threads, busy = 8, 128
	}
	across := ceilDiv(dy[2], pixels)
	strips := dy[0] * dy[1] * across
	run := ceilDiv(strips, max(1, min(ceilDiv(busy, dy.C4()), strips/4)))
	splits := ceilDiv(strips, run)
	var rec Record
	to := Out(0)
	if splits > 1 {
		rec.Temps, to = []int{16 * splits * w.Vectors()}, Temp(0)
	}
	groups, err := t.Grid(ceilDiv(splits*dy.C4(), threads))
	if err != nil {
		return Record{}, err
	}
	rec.Steps = []Dispatch{{
		Shader: "depthwiseweight.wgsl",
		Set: []shaders.Setting{
			shaders.Int("PIXELS", pixels), shaders.Int("KW", w[1]), shaders.Int("TAPS", w[0]*w[1]), shaders.Int("STRIDE", o.Stride[1]),
			shaders.Int("SPAN", (pixels-1)*o.Stride[1]+w[1]), shaders.Int("THREADS", threads),
		},
		Bind: []Operand{In(0), In(1), to},
		Uniform: depthwiseWeightParams{
			Items: uint32(splits * dy.C4()), Channels4: uint32(dy.C4()), Strips: uint32(strips), Run: uint32(run), Across: uint32(across),
			H: uint32(x[1]), W: uint32(x[2]), OH: uint32(dy[1]), OW: uint32(dy[2]),
			Stride_Y: uint32(o.Stride[0]), Top: int32(o.Pad[0]), Left: int32(o.Pad[1]),
		},
		Groups: groups,
	}}
	if splits == 1 {
		return rec, nil
	}
	return rec, sumParts(t, &rec, to, Out(0), splits, w.Vectors())
}

type depthwiseWeightParams struct {
	Items, Channels4, Strips, Run, Across, H, W, OH, OW, Stride_Y uint32

	Top, Left int32
}

func (o DepthwiseWeight) Reference(in, out []*Array) {
	x, dy, w := in[0], in[1], out[0]
	eachElem(dy.Shape, func(n, oy, ox, c int) {
		for ky := range w.Shape[0] {
			for kx := range w.Shape[1] {
				iy, ix := oy*o.Stride[0]+ky-o.Pad[0], ox*o.Stride[1]+kx-o.Pad[1]
				if iy >= 0 && ix >= 0 && iy < x.Shape[1] && ix < x.Shape[2] {
					w.Data[w.Shape.Index(ky, kx, 0, c)] += x.At(n, iy, ix, c) * dy.At(n, oy, ox, c)
				}
			}
		}
	})
}

func init() {
	of := func(name string, o DepthwiseWeight, n, h, w, c int) Case {
		dy := Float(n, (h+o.Pad[0]+o.Pad[2]-o.Kernel[0])/o.Stride[0]+1, (w+o.Pad[1]+o.Pad[3]-o.Kernel[1])/o.Stride[1]+1, c)
		in := []Tensor{Float(n, h, w, c), dy}
		return Case{Name: name, Op: o, In: in, Flops: o.Flops(in, nil)}
	}
	same := DepthwiseWeight{Kernel: [2]int{3, 3}, Stride: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}}
	half := same
	half.Stride = [2]int{2, 2}
	bench := of("3x3 96 at 16x32x32", same, 16, 32, 32, 96)
	bench.Bench = true
	register(Entry{
		Name: "depthwiseweight", Class: Contraction, Files: []string{"depthwiseweight.wgsl"},
		Cases: []Case{
			of("one pixel", same, 1, 1, 1, 2),
			of("3x3 of 7", same, 2, 9, 11, 7),
			of("3x3 stride 2", half, 2, 9, 8, 37),
			of("2x5 stride 3x1 padded 1, 4, 0, 2", DepthwiseWeight{Kernel: [2]int{2, 5}, Stride: [2]int{3, 1}, Pad: [4]int{1, 4, 0, 2}}, 1, 10, 9, 6),
			of("3x3 stride 2 padded right and below", DepthwiseWeight{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Pad: [4]int{0, 0, 1, 1}}, 3, 16, 16, 24),
			bench,
		},
		Random: func(r *rand.Rand) Case {
			o := DepthwiseWeight{Kernel: [2]int{1 + r.IntN(3), 1 + r.IntN(3)}}
			for i := range 2 {
				o.Stride[i] = 1 + r.IntN(2)
				o.Pad[i], o.Pad[2+i] = r.IntN(o.Kernel[i]), r.IntN(o.Kernel[i])
			}
			return of("", o, extent(r, 3), max(extent(r, 33), o.Kernel[0]), max(extent(r, 33), o.Kernel[1]), 1+extent(r, 70))
		},
	})
}
