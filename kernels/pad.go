package kernels

import (
	"fmt"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// PadMode says what Pad adds; the numbers are those of pad.wgsl.
type PadMode uint8

const (
	PadConstant  PadMode = iota // Value, zero by default
	PadReflect                  // mirrored at the border pixel, which is not repeated
	PadReplicate                // the border pixel
	padModes
)

func (m PadMode) String() string { return [...]string{"constant", "reflect", "replicate"}[m] }

// Pad adds rows and columns around x [N, H, W, C]: y is
// [N, Top+H+Bottom, Left+W+Right, C].
type Pad struct {
	Top, Left, Bottom, Right int
	Mode                     PadMode
	Value                    float32 // of PadConstant
}

func (o Pad) Name() string { return "pad" }

func (o Pad) Infer(in []Tensor) ([]Tensor, error) {
	if o.Mode >= padModes {
		return nil, fmt.Errorf("%w: pad mode %d, want one below %d", ErrShape, o.Mode, padModes)
	}
	if err := want(in, F32); err != nil {
		return nil, err
	}
	y := in[0]
	for _, side := range []struct {
		name      string
		axis, add int
	}{{"top", 1, o.Top}, {"left", 2, o.Left}, {"bottom", 1, o.Bottom}, {"right", 2, o.Right}} {
		limit := 1 << 29
		if o.Mode == PadReflect {
			limit = in[0].Shape[side.axis] - 1
		}
		if side.add < 0 || side.add > limit {
			return nil, fmt.Errorf("%w: %d added at the %s of %v in mode %v, limit %d", ErrShape, side.add, side.name, in[0].Shape, o.Mode, limit)
		}
		y.Shape[side.axis] += side.add
	}
	if !y.Shape.valid() {
		return nil, fmt.Errorf("%w: output %v is not below 2^31 values", ErrShape, y)
	}
	return []Tensor{y}, nil
}

func (o Pad) Record(t Target, in, out []Tensor) (Record, error) {
	x, y := in[0].Shape, out[0].Shape
	return single(t, Dispatch{
		Shader: "pad.wgsl",
		Set:    []shaders.Setting{shaders.Int("MODE", int(o.Mode))},
		Uniform: padParams{
			uint32(y.Vectors()), uint32(y.C4()), uint32(y[3]), uint32(y[1]), uint32(y[2]), uint32(x[1]), uint32(x[2]),
			int32(o.Top), int32(o.Left), o.Value,
		},
	}, 1, 1, y.Vectors(), 64)
}

type padParams struct {
	Vectors, C4, Channels, H, W, XH, XW uint32
	Top, Left                           int32
	Value                               float32
}

// from is the index that mode reads for i outside 0 to size-1, or -1.
func (m PadMode) from(i, size int) int {
	switch {
	case i >= 0 && i < size:
		return i
	case m == PadReflect && i < 0:
		return -i
	case m == PadReflect:
		return 2*(size-1) - i
	case m == PadReplicate:
		return min(max(i, 0), size-1)
	}
	return -1
}

func (o Pad) Reference(in, out []*Array) {
	x := in[0]
	eachElem(out[0].Shape, func(n, h, w, c int) {
		v := float64(o.Value)
		if h, w := o.Mode.from(h-o.Top, x.Shape[1]), o.Mode.from(w-o.Left, x.Shape[2]); h >= 0 && w >= 0 {
			v = x.At(n, h, w, c)
		}
		out[0].Set(n, h, w, c, v)
	})
}

func init() {
	e := Entry{Name: "pad", Class: Elementwise, Files: []string{"pad.wgsl"}}
	for m := PadConstant; m < padModes; m++ {
		e.Cases = append(e.Cases,
			Case{Name: m.String(), Op: Pad{1, 2, 3, 0, m, 0}, In: []Tensor{Float(2, 4, 5, 7)}},
			Case{Name: m.String() + ", as wide as it can be", Op: Pad{4, 3, 4, 3, m, 0}, In: []Tensor{Float(1, 5, 4, 3)}},
			Case{Name: m.String() + ", nothing added", Op: Pad{Mode: m}, In: []Tensor{Float(1, 1, 1, 1)}})
	}
	e.Cases = append(e.Cases,
		Case{Name: "value", Op: Pad{1, 0, 2, 5, PadConstant, -2.5}, In: []Tensor{Float(2, 3, 1, 6)}},
		Case{Name: "one pixel repeated", Op: Pad{7, 7, 7, 7, PadReplicate, 0}, In: []Tensor{Float(1, 1, 1, 5)}},
		Case{Name: "asymmetric 112x112x32", Op: Pad{Bottom: 1, Right: 1}, In: []Tensor{Float(1, 112, 112, 32)}, Bench: true})
	e.Random = func(r *rand.Rand) Case {
		x := Float(extent(r, 4), extent(r, 40), extent(r, 40), extent(r, 70))
		o := Pad{Mode: PadMode(r.IntN(int(padModes))), Value: r.Float32()}
		v, u := x.Shape[1], x.Shape[2]
		o.Top, o.Bottom, o.Left, o.Right = r.IntN(v), r.IntN(v), r.IntN(u), r.IntN(u)
		return Case{Op: o, In: []Tensor{x}}
	}
	register(e)
}
