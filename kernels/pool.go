package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// PoolKind is what Pool takes of a window.
type PoolKind uint8

const (
	PoolMax PoolKind = iota
	PoolAvg
	poolKinds
)

func (k PoolKind) String() string { return [...]string{"max", "avg"}[k] }

// Pool takes the maximum or the mean of x [N, H, W, C] over windows: y is
// [N, (H+top+bottom-KH)/SH+1, (W+left+right-KW)/SW+1, C], as PyTorch's max_pool2d
// and avg_pool2d without ceil_mode. The border never is a maximum; it counts as
// zeros of the mean when CountPad is set (count_include_pad) and not at all
// otherwise.
type Pool struct {
	Kind     PoolKind
	Window   [2]int // KH, KW
	Stride   [2]int // SH, SW
	Pad      [4]int // top, left, bottom, right; each less than the window
	CountPad bool   // of PoolAvg
}

func (o Pool) Name() string { return "pool" }

func (o Pool) Infer(in []Tensor) ([]Tensor, error) {
	if o.Kind >= poolKinds {
		return nil, fmt.Errorf("%w: pool kind %d, want one below %d", ErrShape, o.Kind, poolKinds)
	}
	if err := want(in, F32); err != nil {
		return nil, err
	}
	y := in[0]
	for i := range 2 {
		k, s, before, after := o.Window[i], o.Stride[i], o.Pad[i], o.Pad[i+2]
		if k < 1 || s < 1 || k > 1<<15 || s > 1<<15 {
			return nil, fmt.Errorf("%w: window %v, stride %v, want 1 to %d", ErrShape, o.Window, o.Stride, 1<<15)
		}
		if before < 0 || after < 0 || before >= k || after >= k {
			return nil, fmt.Errorf("%w: pad %v, want 0 to less than the window %v", ErrShape, o.Pad, o.Window)
		}
		room := y.Shape[1+i] + before + after
		if room < k {
			return nil, fmt.Errorf("%w: window %v is larger than %v with pad %v", ErrShape, o.Window, in[0].Shape, o.Pad)
		}
		y.Shape[1+i] = (room-k)/s + 1
	}
	if !y.Shape.valid() {
		return nil, fmt.Errorf("%w: output %v is not below 2^31 values", ErrShape, y)
	}
	return []Tensor{y}, nil
}

// Record pools rows and columns in one dispatch, or one after the other where
// windows overlap so much that this reads less than half.
func (o Pool) Record(t Target, in, out []Tensor) (Record, error) {
	x, y := in[0].Shape, out[0].Shape
	kh, kw := o.Window[0], o.Window[1]
	between := x
	between[2] = y[2]
	if 2*(kw*between.Pixels()+kh*y.Pixels()) >= kh*kw*y.Pixels() {
		d, err := o.step(t, x, y)
		d.Bind = []Operand{In(0), Out(0)}
		return Record{Steps: []Dispatch{d}}, err
	}
	across, down := o, o
	across.Window[0], across.Stride[0], across.Pad[0], across.Pad[2] = 1, 1, 0, 0
	down.Window[1], down.Stride[1], down.Pad[1], down.Pad[3] = 1, 1, 0, 0
	first, err := across.step(t, x, between)
	if err != nil {
		return Record{}, err
	}
	second, err := down.step(t, between, y)
	first.Bind, second.Bind = []Operand{In(0), Temp(0)}, []Operand{Temp(0), Out(0)}
	return Record{Steps: []Dispatch{first, second}, Temps: []int{Tensor{between, F32}.Bytes()}}, err
}

// step is one dispatch from x to y, bindings left open.
func (o Pool) step(t Target, x, y Shape) (Dispatch, error) {
	isMax, countPad := 0, 0
	if o.Kind == PoolMax {
		isMax = 1
	} else if o.CountPad {
		countPad = 1
	}
	groups, err := t.Grid((y.Vectors() + 63) / 64)
	return Dispatch{
		Shader: "pool.wgsl",
		Set:    []shaders.Setting{shaders.Int("MAX", isMax), shaders.Int("COUNT_PAD", countPad)},
		Uniform: poolParams{
			uint32(y.Vectors()), uint32(y.C4()), uint32(y[1]), uint32(y[2]), uint32(x[1]), uint32(x[2]),
			uint32(o.Window[0]), uint32(o.Window[1]), uint32(o.Stride[0]), uint32(o.Stride[1]), uint32(o.Pad[0]), uint32(o.Pad[1]),
		},
		Groups: groups,
	}, err
}

type poolParams struct{ Vectors, C4, H, W, XH, XW, KH, KW, SH, SW, Top, Left uint32 }

func (o Pool) Reference(in, out []*Array) {
	x, s := in[0], in[0].Shape
	eachElem(out[0].Shape, func(n, h, w, c int) {
		largest, sum, count := math.Inf(-1), 0.0, 0
		y0, x0 := h*o.Stride[0]-o.Pad[0], w*o.Stride[1]-o.Pad[1]
		for i := max(y0, 0); i < min(y0+o.Window[0], s[1]); i++ {
			for j := max(x0, 0); j < min(x0+o.Window[1], s[2]); j++ {
				v := x.At(n, i, j, c)
				largest, sum, count = max(largest, v), sum+v, count+1
			}
		}
		if o.CountPad {
			count = o.Window[0] * o.Window[1]
		}
		if o.Kind == PoolMax {
			out[0].Set(n, h, w, c, largest)
		} else {
			out[0].Set(n, h, w, c, sum/float64(count))
		}
	})
}

func init() {
	e := Entry{Name: "pool", Class: Elementwise, Files: []string{"pool.wgsl"}}
	for _, p := range []Pool{{Kind: PoolMax}, {Kind: PoolAvg}, {Kind: PoolAvg, CountPad: true}} {
		of := func(name string, kh, kw, sh, sw int, pad [4]int, x Tensor) {
			p.Window, p.Stride, p.Pad = [2]int{kh, kw}, [2]int{sh, sw}, pad
			kind := p.Kind.String()
			if p.CountPad {
				kind += " counting the border"
			}
			e.Cases = append(e.Cases, Case{Name: kind + ", " + name, Op: p, In: []Tensor{x}})
		}
		of("one pixel", 1, 1, 1, 1, [4]int{}, Float(1, 1, 1, 1))
		of("2x2", 2, 2, 2, 2, [4]int{}, Float(2, 5, 7, 7))
		of("3x3 stride 2", 3, 3, 2, 2, [4]int{1, 1, 1, 1}, Float(2, 9, 6, 5))
		of("asymmetric", 3, 4, 2, 1, [4]int{2, 3, 0, 1}, Float(1, 6, 5, 6))
		of("wider than the image", 9, 9, 1, 1, [4]int{8, 8, 8, 8}, Float(1, 2, 3, 7))
		of("large", 12, 15, 1, 1, [4]int{6, 0, 5, 7}, Float(2, 20, 31, 7))
		of("large with stride", 11, 9, 3, 2, [4]int{5, 4, 5, 4}, Float(1, 33, 40, 5))
	}
	e.Cases = append(e.Cases,
		Case{Name: "halving 224x224x64", Op: Pool{Kind: PoolAvg, Window: [2]int{2, 2}, Stride: [2]int{2, 2}}, In: []Tensor{Float(1, 224, 224, 64)}, Bench: true},
		Case{Name: "score 16x16 of 224x224x1", Op: Pool{Kind: PoolAvg, Window: [2]int{16, 16}, Stride: [2]int{1, 1}}, In: []Tensor{Float(1, 224, 224, 1)}, Bench: true},
		Case{Name: "stem 112x112x64", Op: Pool{Kind: PoolMax, Window: [2]int{3, 3}, Stride: [2]int{2, 2}, Pad: [4]int{1, 1, 1, 1}}, In: []Tensor{Float(1, 112, 112, 64)}, Bench: true})
	e.Cases = append(e.Cases, boxFilterCases()...)
	e.Random = func(r *rand.Rand) Case {
		x := Float(extent(r, 3), extent(r, 33), extent(r, 33), extent(r, 33))
		o := Pool{Kind: PoolKind(r.IntN(int(poolKinds))), CountPad: r.IntN(2) == 0}
		for i := range 2 {
			o.Window[i], o.Stride[i] = 1+r.IntN(min(x.Shape[1+i], 12)), 1+r.IntN(4)
			o.Pad[i], o.Pad[i+2] = r.IntN(o.Window[i]), r.IntN(o.Window[i])
		}
		return Case{Op: o, In: []Tensor{x}}
	}
	register(e)
}
