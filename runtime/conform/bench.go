package conform

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"time"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Row is the timing of one case; the JSON names are those of `drdc bench`.
type Row struct {
	Name         string  `json:"name"`
	MS           float64 `json:"ms"`     // the fastest of several runs
	GFLOPS       float64 `json:"gflops"` // 0 where operations are not counted
	GBPS         float64 `json:"gbps"`   // bytes of inputs and outputs, each counted once
	CeilingShare float64 `json:"ceiling_share"`
	MaxErr       float64 `json:"max_err"` // largest absolute difference to the reference
}

// Ceilings are what the device reaches when nothing but arithmetic, or nothing
// but memory, limits it.
type Ceilings struct {
	GFLOPS float64 `json:"gflops"` // multiply-adds counted as two
	GBPS   float64 `json:"gbps"`   // bytes read and written by a copy
}

// MeasureCeilings times a multiply-add loop and a copy of 64 MiB.
func MeasureCeilings(ctx context.Context, dev *gpu.Device) (Ceilings, error) {
	flops, copies := kernels.Peak{Rounds: 1024}, kernels.Unary{Act: kernels.Identity}
	x := kernels.Float(1, 256, 256, 4)
	wide := kernels.Float(1, 1024, 1024, 16)
	s, err := seconds(ctx, dev, kernels.Case{Name: "multiply-add ceiling", Op: flops, In: []kernels.Tensor{x}})
	if err != nil {
		return Ceilings{}, err
	}
	m, err := seconds(ctx, dev, kernels.Case{Name: "copy ceiling", Op: copies, In: []kernels.Tensor{wide}})
	if err != nil {
		return Ceilings{}, err
	}
	return Ceilings{flops.Flops(x.Shape) / s / 1e9, 2 * float64(wide.Bytes()) / m / 1e9}, nil
}

// Bench checks and then times the cases marked for it whose "operation/case"
// matches. A wrong result is an error: nothing wrong is timed.
func Bench(ctx context.Context, dev *gpu.Device, match *regexp.Regexp, c Ceilings, done func(Row)) error {
	target := graph.DeviceLimits(dev).Target
	order := func(variant string) int {
		return slices.IndexFunc(kernels.Variants(), func(v kernels.Variant) bool { return v.Name == variant })
	}
	for _, e := range kernels.Table() {
		for _, k := range Cases(e, 0, 0) {
			name := e.Name + "/" + k.Name
			if !k.Bench || match != nil && !match.MatchString(name) {
				continue
			}
			row := Row{Name: name}
			for _, r := range Case(ctx, dev, k, 1) {
				if r.Err != nil {
					return fmt.Errorf("conform: %s, %s tiles: %w", name, r.Tiles, r.Err)
				}
				// In the order of Variants; one that records what the one before does has no row.
				if order(r.Tiles) <= order(target.Variant().Name) {
					row.MaxErr = r.MaxAbs
				}
			}
			s, err := seconds(ctx, dev, k)
			if err != nil {
				return err
			}
			row.MS, row.GFLOPS, row.GBPS = s*1e3, k.Flops/s/1e9, traffic(k)/s/1e9
			row.CeilingShare = max(row.GFLOPS/c.GFLOPS, row.GBPS/c.GBPS)
			done(row)
		}
	}
	return nil
}

// traffic is the least a case has to move: every operand once.
func traffic(c kernels.Case) float64 {
	n := 0
	for _, t := range c.In {
		n += t.Bytes()
	}
	outs, err := c.Op.Infer(c.In)
	if err != nil {
		return 0
	}
	for _, t := range outs {
		n += t.Bytes()
	}
	return float64(n)
}

// seconds times a case with the tiles of the device: the fastest of at least
// five batches, each long enough (20 ms) for the clock.
func seconds(ctx context.Context, dev *gpu.Device, c kernels.Case) (best float64, err error) {
	outs, err := c.Op.Infer(c.In)
	if err != nil {
		return 0, fmt.Errorf("conform: %s: %w", c.Name, err)
	}
	rec, err := c.Op.Record(graph.DeviceLimits(dev).Target, c.In, outs)
	if err != nil {
		return 0, fmt.Errorf("conform: %s: %w", c.Name, err)
	}
	want := make([]*kernels.Array, len(outs))
	for i, t := range outs {
		want[i] = kernels.NewArray(t)
	}
	b, err := newBench(dev, rec, c.Inputs(1), want, false)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	r, free, err := graph.Launch(ctx, dev, c.Name, rec, b.place)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, free()) }()
	batch := func(n int) (float64, error) {
		start := time.Now()
		for range n {
			if err := dev.Submit(r); err != nil {
				return 0, err
			}
		}
		if err := dev.Wait(ctx); err != nil {
			return 0, err
		}
		return time.Since(start).Seconds() / float64(n), nil
	}
	warm, err := batch(1)
	if err != nil {
		return 0, err
	}
	n := max(1, int(math.Ceil(0.02/warm)))
	best = warm
	for range 5 {
		s, err := batch(n)
		if err != nil {
			return 0, err
		}
		best = min(best, s)
	}
	return best, nil
}
