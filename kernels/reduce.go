package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// ReduceOp is what Reduce does with the values; the numbers of sum, max and min
// are those of rows.wgsl.
type ReduceOp uint8

const (
	Sum ReduceOp = iota
	Max
	Min
	Mean
	reduceOps
)

func (o ReduceOp) String() string { return [...]string{"sum", "max", "min", "mean"}[o] }

// ReduceAxes says over what Reduce goes.
type ReduceAxes uint8

const (
	Spatial ReduceAxes = iota // over H and W: [N, 1, 1, C]
	Channel                   // over C: [N, H, W, 1]
	All                       // over H, W and C: [N, 1, 1, 1]
	reduceAxes
)

func (a ReduceAxes) String() string { return [...]string{"spatial", "channel", "all"}[a] }

// Reduce is the sum, mean, maximum or minimum of x [N, H, W, C] over axes of every
// image. The order of the additions is fixed. The maximum and minimum of values
// with a NaN among them are up to the device.
type Reduce struct {
	Op   ReduceOp
	Axes ReduceAxes
}

func (o Reduce) Name() string { return "reduce" }

func (o Reduce) Infer(in []Tensor) ([]Tensor, error) {
	if o.Op >= reduceOps || o.Axes >= reduceAxes {
		return nil, fmt.Errorf("%w: reduction %d over axes %d, want below %d and %d", ErrShape, o.Op, o.Axes, reduceOps, reduceAxes)
	}
	if err := want(in, F32); err != nil {
		return nil, err
	}
	y := in[0]
	if o.Axes != Channel {
		y.Shape[1], y.Shape[2] = 1, 1
	}
	if o.Axes != Spatial {
		y.Shape[3] = 1
	}
	return []Tensor{y}, nil
}

// reduceParams is the uniform of reduce.wgsl.
type reduceParams struct {
	Rows, Inner, Outer, Stride, C4, Channels uint32
	Scale                                    float32
}

func (o Reduce) Record(t Target, in, out []Tensor) (Record, error) {
	s := in[0].Shape
	scale := float32(1)
	if o.Op == Mean {
		scale = float32(float64(out[0].Shape.Elems()) / float64(s.Elems()))
	}
	p := reduceParams{C4: uint32(s.C4()), Channels: uint32(s[3]), Scale: scale}
	if o.Axes == Channel {
		p.Rows, p.Inner, p.Outer, p.Stride = uint32(s.Pixels()), 1, p.C4, 1
		d, err := o.level(t, newRowTile(t, s.C4()), p, In(0), Out(0), true)
		return Record{Steps: []Dispatch{d}}, err
	}
	// Every parts-th pixel first, then the parts: both about the root of the pixels.
	pixels := s[1] * s[2]
	parts := int(math.Ceil(math.Sqrt(float64(pixels))))
	first, last := p, p
	first.Scale = 1
	first.Inner = uint32(parts * s.C4())
	first.Rows, first.Stride = uint32(s[0])*first.Inner, first.Inner
	first.Outer = uint32(pixels * s.C4())
	last.Outer = first.Inner
	if o.Axes == Spatial {
		last.Inner, last.Stride = p.C4, p.C4
	} else {
		last.Inner, last.Stride = 1, 1
	}
	last.Rows = uint32(s[0]) * last.Inner
	a, err := o.level(t, newRowTile(t, 1), first, In(0), Temp(0), false)
	if err != nil {
		return Record{}, err
	}
	b, err := o.level(t, wideTile(t), last, Temp(0), Out(0), o.Axes == All)
	return Record{Steps: []Dispatch{a, b}, Temps: []int{16 * int(first.Rows)}}, err
}

func (o Reduce) level(t Target, tile rowTile, p reduceParams, x, y Operand, across bool) (Dispatch, error) {
	how, flag := o.Op, 0
	if how == Mean {
		how = Sum
	}
	if across {
		flag = 1
	}
	groups, err := tile.groups(t, int(p.Rows))
	return Dispatch{
		Shader:  "reduce.wgsl",
		Set:     append(tile.settings(), shaders.Int("HOW", int(how)), shaders.Int("ACROSS", flag)),
		Bind:    []Operand{x, y},
		Uniform: p,
		Groups:  groups,
	}, err
}

func (o Reduce) Reference(in, out []*Array) {
	s, y := in[0].Shape, out[0]
	seen := make([]bool, len(y.Data))
	eachElem(s, func(n, h, w, c int) {
		v := in[0].At(n, h, w, c)
		if o.Axes != Channel {
			h, w = 0, 0
		}
		if o.Axes != Spatial {
			c = 0
		}
		i := y.Shape.Index(n, h, w, c)
		switch {
		case !seen[i]:
			y.Data[i], seen[i] = v, true
		case o.Op == Max:
			y.Data[i] = max(y.Data[i], v)
		case o.Op == Min:
			y.Data[i] = min(y.Data[i], v)
		default:
			y.Data[i] += v
		}
	})
	if o.Op == Mean {
		for i := range y.Data {
			y.Data[i] *= float64(y.Shape.Elems()) / float64(s.Elems())
		}
	}
}

func init() {
	e := Entry{Name: "reduce", Class: Norm, Files: []string{"reduce.wgsl"}}
	for op := range reduceOps {
		for axes := range reduceAxes {
			e.Cases = append(e.Cases, Case{Name: op.String() + " " + axes.String(), Op: Reduce{op, axes}, In: []Tensor{Float(2, 5, 3, 7)}})
		}
	}
	e.Cases = append(e.Cases,
		Case{Name: "max of negatives", Op: Reduce{Max, All}, In: []Tensor{Float(2, 9, 7, 5)}, Fill: func(_ *rand.Rand, in []*Array) {
			for i, v := range in[0].Data {
				in[0].Data[i] = -math.Abs(v)
			}
		}},
		Case{Name: "one value", Op: Reduce{Mean, All}, In: []Tensor{Float(1, 1, 1, 1)}},
		Case{Name: "channel 602", Op: Reduce{Sum, Channel}, In: []Tensor{Float(1, 1, 9, 602)}},
		Case{Name: "mean spatial 14x14x672", Op: Reduce{Mean, Spatial}, In: []Tensor{Float(1, 14, 14, 672)}, Bench: true},
		Case{Name: "mean spatial 112x112x48", Op: Reduce{Mean, Spatial}, In: []Tensor{Float(1, 112, 112, 48)}, Bench: true},
		Case{Name: "max all 224x224x1", Op: Reduce{Max, All}, In: []Tensor{Float(4, 224, 224, 1)}, Bench: true})
	e.Random = func(r *rand.Rand) Case {
		op := Reduce{ReduceOp(r.IntN(int(reduceOps))), ReduceAxes(r.IntN(int(reduceAxes)))}
		return Case{Op: op, In: []Tensor{Float(extent(r, 3), extent(r, 40), extent(r, 40), extent(r, 70))}}
	}
	register(e)
}
