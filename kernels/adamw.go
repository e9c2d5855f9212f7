package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// AdamW is one step of Adam with decoupled weight decay (Loshchilov and Hutter
// 2019), as PyTorch's AdamW, behind the clipping of clip_grad_norm_:
//
//	g' = g min(1, clip/(sqrt(square) + 1e-6))   unless clip is 0
//	m' = beta1 m + (1-beta1) g', v' = beta2 v + (1-beta2) g'^2
//	p' = p (1 - lr decay) - lr/c1 m'/(sqrt(v'/c2) + eps)
//
// Inputs, in this order: p, m, v and g, alike; square [1, 1, 1, 1], the squared norm
// of all gradients; and [1, 1, 1, 8] with lr, beta1, beta2, eps (over 0), decay, c1 = 1 -
// beta1^t, c2 = 1 - beta2^t and clip. Outputs: p', m', v', which may take the place
// of p, m and v. When square is NaN or infinite nothing changes.
type AdamW struct{}

func (o AdamW) Name() string { return "adamw" }

func (o AdamW) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, make([]Type, 6)...); err != nil {
		return nil, err
	}
	for _, t := range in[1:4] {
		if t != in[0] {
			return nil, fmt.Errorf("%w: moments and gradient %v, %v, %v, want %v", ErrShape, in[1], in[2], in[3], in[0])
		}
	}
	if in[4].Shape != (Shape{1, 1, 1, 1}) || in[5].Shape != (Shape{1, 1, 1, 8}) {
		return nil, fmt.Errorf("%w: squared norm %v and settings %v, want 1x1x1x1 and 1x1x1x8", ErrShape, in[4].Shape, in[5].Shape)
	}
	return []Tensor{in[0], in[0], in[0]}, nil
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
	d := Dispatch{
		Shader:  "adamw.wgsl",
		Bind:    []Operand{state(0), state(1), state(2), In(3), In(4), In(5)},
		Uniform: struct{ Vectors uint32 }{uint32(s.Vectors())},
	}
	var err error
	d.Groups, err = t.Grid(ceilDiv(s.Vectors(), 64))
	rec.Steps = append(rec.Steps, d)
	return err
}

func (o AdamW) Reference(in, out []*Array) {
	s, square := in[5].Row(0), in[4].Data[0]
	lr, beta1, beta2, eps, decay, c1, c2, clip := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
	for i := range 3 {
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
	for i, g := range in[3].Data {
		g *= factor
		m[i] = beta1*m[i] + (1-beta1)*g
		v[i] = beta2*v[i] + (1-beta2)*g*g
		p[i] = p[i]*(1-lr*decay) - lr/c1*m[i]/(math.Sqrt(v[i]/c2)+eps)
	}
}

func init() {
	// of fills in square and clip.
	of := func(name string, p Tensor, square, clip float64) Case {
		return Case{
			Name: name, Op: AdamW{}, In: []Tensor{p, p, p, p, Float(1, 1, 1, 1), Float(1, 1, 1, 8)},
			Fill: func(_ *rand.Rand, in []*Array) {
				for i, v := range in[2].Data {
					in[2].Data[i] = v * v
				}
				in[4].Data[0] = square
				copy(in[5].Row(0), []float64{1e-2, 0.9, 0.999, 1e-8, 1e-2, 1 - math.Pow(0.9, 3), 1 - math.Pow(0.999, 3), clip})
			},
		}
	}
	bench := of("3x3 256->256", Float(3, 3, 256, 256), 4, 1)
	bench.Bench = true
	register(Entry{
		Name: "adamw", Class: Elementwise, Files: []string{"adamw.wgsl"},
		Cases: []Case{
			of("one value", Float(1, 1, 1, 1), 0, 0),
			of("clipped", Float(2, 3, 5, 7), 400, 0.1),
			of("below the clip", Float(2, 3, 5, 7), 0.25, 1),
			of("not finite", Float(2, 3, 5, 7), math.NaN(), 1),
			of("infinite", Float(2, 3, 5, 7), math.Inf(1), 0),
			bench,
		},
		Random: func(r *rand.Rand) Case {
			return of("", Float(extent(r, 3), extent(r, 9), extent(r, 70), extent(r, 70)), r.ExpFloat64(), float64(r.IntN(2)))
		},
	})
}
