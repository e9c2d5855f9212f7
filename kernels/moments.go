package kernels

import (
	"math/rand/v2"
)

// Moments of the pixels of every image and channel of x [N, H, W, C]: y [N, 1, C/4
// rounded up, 12], for each vector of four channels three: the pivot, which is the first
// pixel, the mean less the pivot, and the variance (the biased one). Pivot and difference
// together hold more digits of a mean than one float does.
type Moments struct{}

func (o Moments) Name() string { return "moments" }

// WithMoments is an operation that can also make the Moments of its only output, as a
// second one, with less work than reading it again; or false when it cannot.
type WithMoments interface {
	Op
	WithMoments() (Op, bool)
}

// momentsOf is the shape of the Moments of x.
func momentsOf(x Shape) Tensor { return Float(x[0], 1, x.C4(), 12) }

func (o Moments) Infer(in []Tensor) ([]Tensor, error) {
	if err := want(in, F32); err != nil {
		return nil, err
	}
	return []Tensor{momentsOf(in[0].Shape)}, nil
}

// momentsRun is how many pixels of an image an invocation reads.
const momentsRun = 64

// Record has the moments of runs of pixels and joins them.
func (o Moments) Record(t Target, in, out []Tensor) (Record, error) {
	var rec Record
	err := recordMoments(t, &rec, In(0), in[0].Shape, Out(0))
	return rec, err
}

// recordMoments puts the moments of x, of shape s, into to.
func recordMoments(t Target, rec *Record, x Operand, s Shape, to Operand) error {
	c := newChunks(s, momentsRun)
	parts, target := int(c.Threads)/s[0]/s.C4(), to
	if parts > 1 {
		to = rec.temp(48 * int(c.Threads))
	}
	if err := rec.over(t, Dispatch{Shader: "moments_parts.wgsl", Bind: []Operand{x, to}, Uniform: c}, int(c.Threads)); err != nil {
		return err
	}
	if parts == 1 {
		return nil
	}
	return joinMoments(t, rec, to, s[0]*s.C4(), momentsJoin{
		C4: c.C4, Parts: uint32(parts), Across: uint32(parts), Width: c.Run, Height: 1, W: c.Pixels, H: 1,
	}, target)
}

// joinMoments puts the moments of rows vectors of channels into to, out of those of parts.
func joinMoments(t Target, rec *Record, parts Operand, rows int, p momentsJoin, to Operand) error {
	p.Rows = uint32(rows)
	tile := newRowTile(t, int(p.Parts))
	if tile.rows == 1 || t.CPU {
		tile = wideTile(t)
	}
	if p.Parts > 1024 && !t.CPU {
		tile.lanes = min(256, t.Invocations)
	}
	groups, err := tile.groups(t, rows)
	rec.Steps = append(rec.Steps, Dispatch{
		Shader: "moments.wgsl", Set: tile.settings(), Bind: []Operand{parts, to}, Uniform: p, Groups: groups,
	})
	return err
}

type momentsJoin struct{ Rows, C4, Parts, Across, Width, Height, W, H uint32 }

func (o Moments) Reference(in, out []*Array) {
	s := in[0].Shape
	pixels := s[1] * s[2]
	values := make([]float64, pixels)
	for n := range s[0] {
		for c := range s[3] {
			for p := range values {
				values[p] = in[0].Row(n*pixels + p)[c]
			}
			mean, variance := moments(values)
			row := out[0].Row(n*s.C4() + c/4)
			row[c%4], row[4+c%4], row[8+c%4] = values[0], mean-values[0], variance
		}
	}
}

func init() {
	register(Entry{
		Name: "moments", Class: Norm, Files: []string{"moments.wgsl", "moments_parts.wgsl"},
		Cases: []Case{
			{Name: "one value", Op: Moments{}, In: []Tensor{Float(1, 1, 1, 1)}},
			{Name: "one pixel", Op: Moments{}, In: []Tensor{Float(3, 1, 1, 70)}},
			{Name: "one part", Op: Moments{}, In: []Tensor{Float(2, 8, 8, 7)}},
			{Name: "a part and a pixel", Op: Moments{}, In: []Tensor{Float(2, 5, 13, 7)}},
			{Name: "130 channels", Op: Moments{}, In: []Tensor{Float(2, 31, 17, 130)}},
			{Name: "225x225x4", Op: Moments{}, In: []Tensor{Float(1, 225, 225, 4)}},
			{Name: "1025 parts", Op: Moments{}, In: []Tensor{Float(1, 257, 256, 4)}},
			{Name: "56x56x128", Op: Moments{}, In: []Tensor{Float(1, 56, 56, 128)}, Bench: true},
			{Name: "224x224x64", Op: Moments{}, In: []Tensor{Float(1, 224, 224, 64)}, Bench: true},
		},
		Random: func(r *rand.Rand) Case {
			return Case{Op: Moments{}, In: []Tensor{Float(extent(r, 3), extent(r, 70), extent(r, 70), extent(r, 70))}}
		},
	})
}
