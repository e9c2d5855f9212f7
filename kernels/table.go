package kernels

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Class groups operations by how exact they can be in f32; it gives the bound
// on the normalised mean squared error (NMSE) against the float64 reference.
type Class uint8

const (
	Elementwise Class = iota // 1e-10
	Norm                     // 1e-9: norms, softmax, reductions
	Contraction              // 1e-7: convolution, matmul, attention
)

// Bound is the largest NMSE allowed.
func (c Class) Bound() float64 { return [...]float64{1e-10, 1e-9, 1e-7}[c] }

// Case is one test of an operation: what conformance checks and bench times.
type Case struct {
	Name  string // unique within the operation
	Op    Op
	In    []Tensor
	Fill  func(r *rand.Rand, in []*Array) // nil: standard normal values, integers below 2^32
	Bound float64                         // NMSE bound; 0: the class's
	Why   string                          // reason of a Bound of its own
	Bench bool                            // `drdc bench` times it
	Flops float64                         // multiply-adds counted as two, for Bench
}

// Entry is an operation with its cases.
type Entry struct {
	Name   string
	Class  Class
	Files  []string // the shaders it owns
	Cases  []Case
	Random func(r *rand.Rand) Case // a case of random shape: 1, odd, over a tile
}

var table []Entry

// register adds an operation to the table; only init functions call it.
func register(e Entry) {
	if e.Random == nil || len(e.Cases) == 0 || len(e.Files) == 0 {
		panic("kernels: " + e.Name + ": an entry needs cases, a random case and its shader files")
	}
	table = append(table, e)
}

// Table lists every operation, sorted by name.
func Table() []Entry {
	t := slices.Clone(table)
	slices.SortFunc(t, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return t
}

// Inputs returns the filled inputs of the case, the same for the same seed.
func (c Case) Inputs(seed uint64) []*Array {
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	in := make([]*Array, len(c.In))
	for i, t := range c.In {
		in[i] = NewArray(t)
		for p := range t.Shape.Pixels() {
			for j, row := 0, in[i].Row(p); j < len(row); j++ {
				if t.Type == U32 {
					row[j] = float64(r.Uint32())
				} else {
					row[j] = r.NormFloat64()
				}
			}
		}
	}
	if c.Fill != nil {
		c.Fill(r, in)
	}
	for _, a := range in {
		a.Round()
	}
	return in
}

// Outputs runs Infer and the reference.
func (c Case) Outputs(in []*Array) ([]*Array, error) {
	ts, err := c.Op.Infer(c.In)
	if err != nil {
		return nil, fmt.Errorf("kernels: %s: %w", c.Op.Name(), err)
	}
	out := make([]*Array, len(ts))
	for i, t := range ts {
		out[i] = NewArray(t)
	}
	c.Op.Reference(in, out)
	return out, nil
}

// extent draws 1, small odd numbers and sizes just over a tile.
func extent(r *rand.Rand, limit int) int {
	pick := [...]int{1, 2, 3, 5, 7, 8, 9, 13, 16, 17, 31, 33, 65}
	return min(pick[r.IntN(len(pick))], limit)
}
