package conform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Options selects what runs.
type Options struct {
	Match  *regexp.Regexp // on "operation/case"; nil: everything
	Random int            // random shapes per operation
	Seed   uint64         // of the inputs and the random shapes
	// Done is told each result as it comes; it may be nil.
	Done func(Result)
}

// Result is one case on one tile choice.
type Result struct {
	Op, Case string
	Tiles    string // of which kernels.Variants
	Random   bool
	NMSE     float64
	MaxAbs   float64
	Bound    float64
	Err      error // nil when everything held
}

// Cases lists the cases of an operation, its random shapes behind the fixed
// ones, with their bounds filled in.
func Cases(e kernels.Entry, random int, seed uint64) []kernels.Case {
	cases := slices.Clone(e.Cases)
	r := rand.New(rand.NewPCG(seed, 0xca5e))
	for i := range random {
		c := e.Random(r)
		c.Name = fmt.Sprintf("random %d", i)
		cases = append(cases, c)
	}
	for i := range cases {
		if cases[i].Bound == 0 {
			cases[i].Bound = e.Class.Bound()
		}
	}
	return cases
}

// Run runs the table on dev. It returns an error only when the context ends;
// failures of cases are in the results.
func Run(ctx context.Context, dev *gpu.Device, o Options) ([]Result, error) {
	var all []Result
	for _, e := range kernels.Table() {
		for i, c := range Cases(e, o.Random, o.Seed) {
			if o.Match != nil && !o.Match.MatchString(e.Name+"/"+c.Name) {
				continue
			}
			for _, res := range Case(ctx, dev, c, o.Seed) {
				res.Op, res.Random = e.Name, i >= len(e.Cases)
				all = append(all, res)
				if o.Done != nil {
					o.Done(res)
				}
			}
			if err := ctx.Err(); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// Case runs one case with the tiles for every kind of device, where they differ.
func Case(ctx context.Context, dev *gpu.Device, c kernels.Case, seed uint64) []Result {
	in := c.Inputs(seed)
	want, err := c.Outputs(in)
	if err != nil {
		return []Result{{Case: c.Name, Bound: c.Bound, Err: err}}
	}
	var results []Result
	var before kernels.Record
	for _, v := range kernels.Variants() {
		t := graph.DeviceLimits(dev).Target.As(v)
		res := Result{Case: c.Name, Tiles: v.Name, Bound: c.Bound}
		rec, err := c.Op.Record(t, c.In, tensors(want))
		if err == nil {
			if reflect.DeepEqual(rec, before) {
				continue
			}
			before = rec
			err = run(ctx, dev, c, t, rec, in, want, &res)
		}
		res.Err = err
		results = append(results, res)
	}
	return results
}

// Compile compiles the shaders of a case, with the tiles for every kind of
// device, and runs nothing.
func Compile(ctx context.Context, dev *gpu.Device, c kernels.Case) error {
	outs, err := c.Op.Infer(c.In)
	if err != nil {
		return err
	}
	for _, v := range kernels.Variants() {
		t := graph.DeviceLimits(dev).Target.As(v)
		rec, err := c.Op.Record(t, c.In, outs)
		if err != nil {
			return err
		}
		if err := graph.Compile(ctx, dev, c.Op.Name()+"/"+c.Name, rec); err != nil {
			return err
		}
	}
	return nil
}

func run(ctx context.Context, dev *gpu.Device, c kernels.Case, t kernels.Target, rec kernels.Record, in, want []*kernels.Array, res *Result) (err error) {
	label := c.Op.Name() + "/" + c.Name
	apart, err := newBench(dev, rec, in, want, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, apart.close()) }()
	first, err := apart.run(ctx, label)
	if err != nil {
		return err
	}
	for i, w := range want {
		d := Compare(first[i], w)
		res.NMSE, res.MaxAbs = max(res.NMSE, d.NMSE), max(res.MaxAbs, d.MaxAbs)
		if !(d.NMSE <= c.Bound) {
			return fmt.Errorf("output %d: NMSE %.3g, bound %.3g (%.0f times over), max abs %.3g: %s", i, d.NMSE, c.Bound, d.NMSE/c.Bound, d.MaxAbs, d.First)
		}
		if err := padding(first[i]); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	again, err := apart.run(ctx, label)
	if err != nil {
		return err
	}
	for i := range again {
		if !bytes.Equal(first[i].Bytes(), again[i].Bytes()) {
			return fmt.Errorf("output %d: a second run gave other bits: %s", i, Compare(again[i], first[i]).First)
		}
	}
	if rebinds(rec) {
		return nil // the planner never puts such an operation's outputs beside its inputs
	}
	// The same once more as a busy device would see it: one buffer for all operands
	// and a grid folded into rows.
	t.Groups = 300
	if folded, err := c.Op.Record(t, c.In, tensors(want)); err == nil {
		rec = folded
	} else if !errors.Is(err, kernels.ErrLimit) {
		return err
	}
	one, err := newBench(dev, rec, in, want, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, one.close()) }()
	shared, err := one.run(ctx, label+" in one buffer")
	if err != nil {
		return err
	}
	for i, w := range want {
		if d := Compare(shared[i], w); !(d.NMSE <= c.Bound) {
			return fmt.Errorf("output %d with all operands in one buffer: NMSE %.3g, bound %.3g: %s", i, d.NMSE, c.Bound, d.First)
		}
	}
	return nil
}

// rebinds reports whether a dispatch binds one operand twice, or one as a uniform.
func rebinds(rec kernels.Record) bool {
	for _, d := range rec.Steps {
		seen := map[kernels.Operand]bool{}
		for _, b := range d.Bind {
			k := kernels.Operand{Kind: b.Kind, Index: b.Index}
			if seen[k] || b.Uniform {
				return true
			}
			seen[k] = true
		}
	}
	return false
}

func tensors(as []*kernels.Array) []kernels.Tensor {
	ts := make([]kernels.Tensor, len(as))
	for i, a := range as {
		ts[i] = a.Tensor
	}
	return ts
}

func padding(a *kernels.Array) error {
	stride := a.Shape.C4() * 4
	for i := range a.Shape.Pixels() {
		for c := a.Shape[3]; c < stride; c++ {
			if v := a.Data[i*stride+c]; v != 0 {
				return fmt.Errorf("padding lane %d of pixel %d holds %g, want 0", c, i, v)
			}
		}
	}
	return nil
}

var errGuard = errors.New("guard word overwritten")
