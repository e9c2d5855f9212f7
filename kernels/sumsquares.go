package kernels

import (
	"fmt"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// SumSquares adds the squares of x [N, H, W, C] to a sum [1, 1, 1, 1], the second
// input; so the squared norm of many tensors is a chain. The order of the
// additions is fixed.
type SumSquares struct{}

func (o SumSquares) Name() string { return "sumsquares" }

func (o SumSquares) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, make([]Type, max(1, min(2, len(in))))...); err != nil {
		return nil, err
	}
	one := Float(1, 1, 1, 1)
	if len(in) == 2 && in[1] != one {
		return nil, fmt.Errorf("%w: sum %v, want %v", ErrShape, in[1], one)
	}
	return []Tensor{one}, nil
}

// Record sums up to 256 parts first where one workgroup would take long.
func (o SumSquares) Record(t Target, in, out []Tensor) (Record, error) {
	rec := Record{Temps: []int{unread}}
	n, x, square := in[0].Shape.Vectors(), In(0), 1
	if parts := min(256, n/512); parts > 1 {
		run := ceilDiv(n, parts)
		n = ceilDiv(n, run)
		rec.Temps = append(rec.Temps, 16*n)
		if err := squares(t, &rec, []Operand{x, Temp(0), Temp(1)}, square, 0, in[0].Shape.Vectors(), run); err != nil {
			return Record{}, err
		}
		x, square = Temp(1), 0
	}
	if len(in) == 2 {
		return rec, squares(t, &rec, []Operand{x, In(1), Out(0)}, square, 1, n, n)
	}
	return rec, squares(t, &rec, []Operand{x, Temp(0), Out(0)}, square, 0, n, n)
}

// squares adds a pass over n vectors in runs.
func squares(t Target, rec *Record, bind []Operand, square, add, n, run int) error {
	groups, err := t.Grid(ceilDiv(n, run))
	rec.Steps = append(rec.Steps, Dispatch{
		Shader:  "sumsquares.wgsl",
		Set:     append(wideTile(t).settings(), shaders.Int("SQUARE", square), shaders.Int("ADD", add)),
		Bind:    bind,
		Uniform: struct{ Vectors, Run uint32 }{uint32(n), uint32(run)},
		Groups:  groups,
	})
	return err
}

func (o SumSquares) Reference(in, out []*Array) {
	y := out[0].Data
	if len(in) == 2 {
		y[0] = in[1].Data[0]
	}
	for _, v := range in[0].Data {
		y[0] += v * v
	}
}

func init() {
	of := func(name string, x Tensor, add bool) Case {
		c := Case{Name: name, Op: SumSquares{}, In: []Tensor{x, Float(1, 1, 1, 1)}}
		if !add {
			c.In = c.In[:1]
		}
		return c
	}
	bench := of("3x3 256->256", Float(3, 3, 256, 256), true)
	bench.Bench = true
	register(Entry{
		Name: "sumsquares", Class: Norm, Files: []string{"sumsquares.wgsl"},
		Cases: []Case{
			of("one value", Float(1, 1, 1, 1), true), of("7 channels", Float(2, 3, 5, 7), false),
			of("parts", Float(1, 33, 65, 7), true), of("parts alone", Float(1, 33, 65, 7), false), bench,
		},
		Random: func(r *rand.Rand) Case {
			return of("", Float(extent(r, 3), extent(r, 40), extent(r, 40), extent(r, 70)), r.IntN(2) == 1)
		},
	})
}
