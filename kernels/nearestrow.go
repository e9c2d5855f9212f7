package kernels

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// NearestRow is the distance of every pixel's channels to the nearest row of a bank,
// y = min_m |x - bank_m|: inputs x [N, H, W, C] and bank [1, 1, M, C]; y
// [N, H, W, 1]. With Unit x is scaled to length 1 first (zeros stay), so that over
// rows of length 1 the distance grows with the angle: sqrt(2 - 2 cos). No matrix of
// distances is stored.
type NearestRow struct{ Unit bool }

func (o NearestRow) Name() string { return "nearestrow" }

func (o NearestRow) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32, F32); err != nil {
		return nil, err
	}
	x, b := in[0].Shape, in[1].Shape
	if b[0] != 1 || b[1] != 1 || b[3] != x[3] {
		return nil, fmt.Errorf("%w: bank is %v, want 1x1xMx%d", ErrShape, b, x[3])
	}
	return []Tensor{Float(x[0], x[1], x[2], 1)}, nil
}

func (o NearestRow) Record(t Target, in, out []Tensor) (Record, error) {
	x, rows := in[0].Shape, in[1].Shape[2]
	quads := ceilDiv(x.Pixels(), 4)
	threads, invocations := 64, 1<<15
	if t.CPU {
		threads, invocations = 8, 1<<8
	}
	// Enough invocations to fill the device, and parts long enough to be worth it.
	per := max(ceilDiv(rows, ceilDiv(invocations, quads)), min(rows, 64))
	parts := ceilDiv(rows, per)
	p := nearestRowParams{uint32(x.Pixels()), uint32(x.C4()), uint32(rows), uint32(parts), uint32(per)}
	step := func(last, items int) (Dispatch, error) {
		groups, err := t.Grid(ceilDiv(items, threads))
		unit := 0
		if o.Unit {
			unit = 1
		}
		return Dispatch{
			Shader:  "nearestrow.wgsl",
			Set:     []shaders.Setting{shaders.Int("LAST", last), shaders.Int("UNIT", unit), shaders.Int("THREADS", threads)},
			Bind:    []Operand{In(0), In(1), Temp(0), Out(0)},
			Uniform: p, Groups: groups,
		}, err
	}
	search, err := step(0, quads*parts)
	if err != nil {
		return Record{}, err
	}
	join, err := step(1, quads)
	if need := 16 * quads * parts; need > t.StorageBinding {
		return Record{}, fmt.Errorf("%w: %d bytes of partial minima, one binding holds %d", ErrLimit, need, t.StorageBinding)
	}
	return Record{Steps: []Dispatch{search, join}, Temps: []int{16 * quads * parts}}, err
}

type nearestRowParams struct{ Pixels, C4, Rows, Parts, Per_Part uint32 }

func (o NearestRow) Reference(in, out []*Array) {
	parallelRows(in[0].Shape.Pixels(), func(i int) {
		x, scale, best := in[0].Row(i), 1.0, math.Inf(1)
		if o.Unit {
			sum := 0.0
			for _, v := range x {
				sum += v * v
			}
			scale = 1 / math.Sqrt(max(sum, 1e-30))
		}
		for m := range in[1].Shape[2] {
			sum := 0.0
			for c, b := range in[1].Row(m) {
				d := scale*x[c] - b
				sum += d * d
			}
			best = min(best, sum)
		}
		out[0].Row(i)[0] = math.Sqrt(best)
	})
}

func init() {
	of := func(name string, unit bool, n, h, w, c, rows int) Case {
		return Case{
			Name: name, Op: NearestRow{unit}, In: []Tensor{Float(n, h, w, c), Float(1, 1, rows, c)},
			Flops: 3 * float64(n*h*w) * float64(rows) * float64(c),
		}
	}
	memory := of("28x28x192 of 2,000 rows", true, 1, 28, 28, 192, 2000)
	memory.Bench = true
	equal := of("rows that are there", false, 2, 3, 3, 13, 40)
	equal.Fill = func(_ *rand.Rand, in []*Array) {
		for i := range 18 {
			copy(in[1].Row(2*i), in[0].Row(i))
		}
		in[0].Set(1, 2, 2, 12, 7) // all distances but the last are zero
	}
	zero := of("pixel of zeros", true, 1, 2, 3, 5, 4)
	zero.Fill = func(_ *rand.Rand, in []*Array) { clear(in[0].Row(4)) }
	register(Entry{
		Name: "nearestrow", Class: Norm, Files: []string{"nearestrow.wgsl"},
		Cases: []Case{
			of("one value", false, 1, 1, 1, 1, 1),
			of("odd", false, 2, 5, 3, 7, 9),
			of("odd, unit", true, 2, 5, 3, 7, 9),
			of("14x14x272 of 500 rows", false, 1, 14, 14, 272, 500),
			of("one pixel of 5,000 rows", false, 1, 1, 1, 24, 5000),
			equal, zero, memory,
		},
		Random: func(r *rand.Rand) Case {
			return of("", r.IntN(2) == 0, extent(r, 3), extent(r, 20), extent(r, 20), extent(r, 70), extent(r, 65)*extent(r, 9))
		},
	})
}
