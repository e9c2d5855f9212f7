package kernels

import (
	"fmt"
	"math/rand/v2"
)

// SumTo adds up x [N, H, W, C] over the axes N, H and W in which Shape has 1: the
// gradient of what was repeated. The order of the additions is fixed.
type SumTo struct{ Shape Shape }

func (o SumTo) Name() string { return "sumto" }

func (o SumTo) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32); err != nil {
		return nil, err
	}
	x := in[0].Shape
	for i, e := range o.Shape {
		if e != x[i] && (e != 1 || i == 3) {
			return nil, fmt.Errorf("%w: %v does not add up to %v: axis %c is %d", ErrShape, x, o.Shape, "NHWC"[i], e)
		}
	}
	return []Tensor{{o.Shape, F32}}, nil
}

// Record sums runs of at most 1024 places first, then the runs.
func (o SumTo) Record(t Target, in, out []Tensor) (Record, error) {
	x, y := in[0].Shape, out[0].Shape
	p := sumParams{
		Vectors: uint32(y.Vectors()), C4: uint32(y.C4()), H: uint32(y[1]), W: uint32(y[2]),
		XN: uint32(x[1] * x[2] * x.C4()), XH: uint32(x[2] * x.C4()), XW: uint32(x.C4()),
		RH: uint32(x[1] / y[1]), RW: uint32(x[2] / y[2]),
	}
	p.Total = uint32(x.Pixels() / y.Pixels())
	threads := 16384
	if t.CPU {
		threads = 512
	}
	total := int(p.Total)
	parts := max(ceilDiv(total, 1024), min(ceilDiv(threads, y.Vectors()), ceilDiv(total, 16)))
	p.Run = uint32(ceilDiv(total, parts))
	parts = ceilDiv(total, int(p.Run))
	p.Parts = uint32(parts)
	var rec Record
	if parts == 1 {
		return rec, p.add(t, &rec, In(0), Out(0))
	}
	rec.Temps = []int{16 * parts * y.Vectors()}
	if err := p.add(t, &rec, In(0), Temp(0)); err != nil {
		return Record{}, err
	}
	return rec, sumParts(t, &rec, Temp(0), Out(0), parts, y.Vectors())
}

// sumParams is the uniform of sumto.wgsl.
type sumParams struct{ Vectors, C4, H, W, XN, XH, XW, RH, RW, Total, Run, Parts uint32 }

func (p sumParams) add(t Target, rec *Record, x, y Operand) error {
	groups, err := t.Grid(ceilDiv(int(p.Vectors*p.Parts), 64))
	rec.Steps = append(rec.Steps, Dispatch{Shader: "sumto.wgsl", Bind: []Operand{x, y}, Uniform: p, Groups: groups})
	return err
}

// sumParts records y = the sum of parts consecutive blocks of x.
func sumParts(t Target, rec *Record, x, y Operand, parts, vectors int) error {
	v := uint32(vectors)
	p := sumParams{Vectors: v, C4: v, H: 1, W: 1, XN: v, RH: 1, RW: 1, Total: uint32(parts), Run: uint32(parts), Parts: 1}
	return p.add(t, rec, x, y)
}

func (o SumTo) Reference(in, out []*Array) {
	s := o.Shape
	eachElem(in[0].Shape, func(n, h, w, c int) {
		out[0].Data[s.Index(min(n, s[0]-1), min(h, s[1]-1), min(w, s[2]-1), c)] += in[0].At(n, h, w, c)
	})
}

// Gradient repeats.
func (o SumTo) Gradient(t Tape, a Applied) ([]Ref, error) {
	return []Ref{apply(t, Repeat{t.Tensor(a.In[0]).Shape, 1}, a.DOut[0])}, nil
}

func init() {
	of := func(name string, x, y Shape) Case {
		return Case{Name: name, Op: SumTo{y}, In: []Tensor{{x, F32}}}
	}
	bench := of("bias of 4x56x56x64", Shape{4, 56, 56, 64}, Shape{1, 1, 1, 64})
	bench.Bench = true
	register(Entry{
		Name: "sumto", Class: Norm, Files: []string{"sumto.wgsl"},
		Cases: []Case{
			of("one value", Shape{1, 1, 1, 1}, Shape{1, 1, 1, 1}),
			of("nothing", Shape{2, 3, 5, 7}, Shape{2, 3, 5, 7}),
			of("images", Shape{4, 3, 5, 7}, Shape{1, 3, 5, 7}),
			of("rows", Shape{2, 33, 5, 7}, Shape{2, 1, 5, 7}),
			of("columns", Shape{2, 3, 65, 7}, Shape{2, 3, 1, 7}),
			of("images and columns", Shape{5, 3, 65, 7}, Shape{1, 3, 1, 7}),
			of("pixels", Shape{3, 17, 9, 5}, Shape{3, 1, 1, 5}),
			of("all", Shape{3, 33, 65, 3}, Shape{1, 1, 1, 3}),
			bench,
		},
		Random: func(r *rand.Rand) Case {
			x := Shape{extent(r, 7), extent(r, 40), extent(r, 40), extent(r, 70)}
			y := x
			for i := range 3 {
				if r.IntN(2) == 0 {
					y[i] = 1
				}
			}
			return of("", x, y)
		},
	})
}
