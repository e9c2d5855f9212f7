package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/drdc-dev/drdc/shaders"
)

// AdamW is one step of Adam with decoupled weight decay (Loshchilov and Hutter
// 2019), as PyTorch's AdamW, behind the clipping of clip_grad_norm_:
//
//	g' = g min(1, clip/(sqrt(square) + 1e-6))   unless clip is 0
//	m' = beta1 m + (1-beta1) g', v' = beta2 v + (1-beta2) g'^2
//	p' = p (1 - lr decay) - lr/c1 m'/(sqrt(v'/c2) + eps)
//	a' = old a + new p'                          with Average, a moving average
//
// Inputs, in this order: p, m, v, with Average a, and g, alike; square [1, 1, 1, 1], the
// squared norm of all gradients; and [1, 1, 1, 10] with lr, beta1, beta2, eps (over 0),
// decay, c1 = 1 - beta1^t, c2 = 1 - beta2^t, clip, old and new. Outputs: p', m', v' and
// a', which may take the place of p, m, v and a. When square is NaN or infinite nothing
// changes.
type AdamW struct{ Average bool }

func (o AdamW) Name() string { return "adamw" }

func (o AdamW) Infer(in []Tensor) ([]Tensor, error) {
	n := o.states()
	if err := want(in, make([]Type, n+3)...); err != nil {
		return nil, err
	}
	for i, t := range in[1 : n+1] {
		if t != in[0] {
			return nil, fmt.Errorf("%w: state or gradient %d is %v, want %v", ErrShape, i+1, t, in[0])
		}
	}
	if in[n+1].Shape != (Shape{1, 1, 1, 1}) || in[n+2].Shape != (Shape{1, 1, 1, 10}) {
		return nil, fmt.Errorf("%w: squared norm %v and settings %v, want 1x1x1x1 and 1x1x1x10", ErrShape, in[n+1].Shape, in[n+2].Shape)
	}
	return slices.Clone(in[:n]), nil
}

// states is the number of tensors that change.
func (o AdamW) states() int {
	if o.Average {
		return 4
	}
	return 3
}

// Record copies and works in place on the copies.
func (o AdamW) Record(t Target, in, out []Tensor) (Record, error) {
	var rec Record
	for i := range out {
		if err := copyTo(t, &rec, In(i), Out(i), in[0].Shape); err != nil {
			return Record{}, err
		}
	}
	return rec, o.add(t, &rec, in[0].Shape, Out)
}

// RecordInPlace implements InPlace.
func (o AdamW) RecordInPlace(t Target, in []Tensor) (Record, error) {
	var rec Record
	return rec, o.add(t, &rec, in[0].Shape, In)
}

func (o AdamW) add(t Target, rec *Record, s Shape, state func(int) Operand) error {
	n, average := o.states(), state(3)
	d := Dispatch{Shader: "adamw.wgsl", Uniform: struct{ Vectors uint32 }{uint32(s.Vectors())}}
	if o.Average {
		d.Set = []shaders.Setting{shaders.Int("AVERAGE", 1)}
	} else {
		average = rec.absent()
	}
	d.Bind = []Operand{state(0), state(1), state(2), average, In(n), In(n + 1), In(n + 2)}
	return rec.over(t, d, s.Vectors())
}

func (o AdamW) Reference(in, out []*Array) {
	n := o.states()
	s, square := in[n+2].Row(0), in[n+1].Data[0]
	lr, beta1, beta2, eps, decay, c1, c2, clip := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
	for i := range n {
		copy(out[i].Data, in[i].Data)
	}
	if math.IsNaN(square) || math.IsInf(square, 0) {
		return
	}
	factor := 1.0
	if clip > 0 {
		factor = min(1, clip/(math.Sqrt(square)+1e-6))
	}
	p, m, v := out[0].Data, out[1].Data, out[2].Data
	for i, g := range in[n].Data {
		g *= factor
		m[i] = beta1*m[i] + (1-beta1)*g
		v[i] = beta2*v[i] + (1-beta2)*g*g
		p[i] = p[i]*(1-lr*decay) - lr/c1*m[i]/(math.Sqrt(v[i]/c2)+eps)
		if o.Average {
			out[3].Data[i] = s[8]*out[3].Data[i] + s[9]*p[i]
		}
	}
}

func init() {
	// of fills in square and clip.
	of := func(name string, average bool, p Tensor, square, clip float64) Case {
		o := AdamW{average}
		n := o.states()
		return Case{
			Name: name, Op: o, In: append(slices.Repeat([]Tensor{p}, n+1), Float(1, 1, 1, 1), Float(1, 1, 1, 10)),
			Fill: func(_ *rand.Rand, in []*Array) {
				for i, v := range in[2].Data {
					in[2].Data[i] = v * v
				}
				in[n+1].Data[0] = square
				copy(in[n+2].Row(0), []float64{1e-2, 0.9, 0.999, 1e-8, 1e-2, 1 - math.Pow(0.9, 3), 1 - math.Pow(0.999, 3), clip, 0.9, 0.1})
			},
		}
	}
	bench := of("3x3 256->256", true, Float(3, 3, 256, 256), 4, 1)
	bench.Bench = true
	register(Entry{
		Name: "adamw", Class: Elementwise, Files: []string{"adamw.wgsl"},
		Cases: []Case{
			of("one value", false, Float(1, 1, 1, 1), 0, 0),
			of("clipped", true, Float(2, 3, 5, 7), 400, 0.1),
			of("below the clip", false, Float(2, 3, 5, 7), 0.25, 1),
			of("not finite", true, Float(2, 3, 5, 7), math.NaN(), 1),
			of("infinite", false, Float(2, 3, 5, 7), math.Inf(1), 0),
			bench,
		},
		Random: func(r *rand.Rand) Case {
			return of("", r.IntN(2) == 0, Float(extent(r, 3), extent(r, 9), extent(r, 70), extent(r, 70)), r.ExpFloat64(), float64(r.IntN(2)))
		},
	})
}
