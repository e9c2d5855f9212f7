package train

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Cost is what a step takes beside a forward pass of the same batch, in seconds.
type Cost struct {
	Forward float64     `json:"forward"` // the loss alone, with the operations that training runs
	Step    float64     `json:"step"`    // gradients, clipping, AdamW and the moving average too
	Clock   string      `json:"clock"`   // of these two: "wall", or on a CPU adapter "processor", the time of all cores together
	Kernels []KernelRow `json:"kernels"` // of one step, dispatch by dispatch, the longest first
}

// KernelRow is the time of one operation in one phase of a step.
type KernelRow struct {
	Phase      string  `json:"phase"` // forward, backward or update
	Kernel     string  `json:"kernel"`
	Dispatches int     `json:"dispatches"`
	Seconds    float64 `json:"seconds"`
	Share      float64 `json:"share"` // of the sum of the rows
	GFLOPS     float64 `json:"gflops"`
}

// Cost times rounds of a forward pass, a step and a step dispatch by dispatch, in turns,
// and keeps the fastest of each. The inputs are those of the last pass; the steps count and change the weights.
// With several passes for a step it is the cost of the last of them.
func (t *Trainer) Cost(ctx context.Context, rounds int) (c Cost, err error) {
	g := graph.New()
	g.Output(lossOutput, t.plan.build(g))
	plan, err := g.Plan(t.plan.limits)
	if err != nil {
		return c, err
	}
	forward, err := plan.Load(ctx, t.dev, t.params, nil)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, forward.Close()) }()
	for name, data := range t.inputs {
		if err := forward.Write(name, data); err != nil {
			return c, err
		}
	}
	c.Clock = "wall"
	if _, ok := processorTime(); ok && t.dev.Adapter().Type == gpu.CPU {
		c.Clock = "processor"
	}
	timed := func(run func() error) (float64, error) {
		start, used := time.Now(), time.Duration(0)
		if c.Clock == "processor" {
			used, _ = processorTime()
		}
		err := run()
		if c.Clock == "processor" {
			now, _ := processorTime()
			return (now - used).Seconds(), err
		}
		return time.Since(start).Seconds(), err
	}
	var times []gpu.Timing
	for range rounds {
		seconds, err := timed(func() error {
			if err := forward.Submit(); err != nil {
				return err
			}
			_, err := t.read(ctx, forward, lossOutput)
			return err
		})
		if err != nil {
			return c, err
		}
		c.Forward = fastest(c.Forward, seconds)
		seconds, err = timed(func() error {
			_, err := t.Step(ctx, func(int) error { return nil })
			return err
		})
		if err != nil {
			return c, err
		}
		c.Step = fastest(c.Step, seconds/float64(t.plan.options.Passes))
		again, err := t.Profile(ctx)
		if err != nil {
			return c, err
		}
		if times == nil {
			times = again
		}
		for i, d := range again {
			times[i].Seconds = min(times[i].Seconds, d.Seconds)
		}
	}
	c.Kernels = t.kernels(times, plan.Flops())
	return c, nil
}

func fastest(best, seconds float64) float64 {
	if best == 0 {
		return seconds
	}
	return min(best, seconds)
}

// kernels adds the dispatches of a profile up; forward is the arithmetic of the forward
// pass, the rest of a pass's is the gradients'.
func (t *Trainer) kernels(times []gpu.Timing, forward map[string]float64) []KernelRow {
	rows, total := map[[2]string]KernelRow{}, 0.0
	for _, d := range times {
		// A label is "path: operation shader[settings]".
		path, rest, _ := strings.Cut(d.Label, ": ")
		op, _, _ := strings.Cut(rest, " ")
		phase := "forward"
		if path == updateScope {
			phase = "update"
		} else if strings.HasSuffix(path, "grad") {
			phase = "backward"
		}
		row := rows[[2]string{phase, op}]
		rows[[2]string{phase, op}] = KernelRow{Phase: phase, Kernel: op, Dispatches: row.Dispatches + 1, Seconds: row.Seconds + d.Seconds}
		total += d.Seconds
	}
	all := t.plan.plans[0].Flops()
	list := slices.Collect(maps.Values(rows))
	for i, row := range list {
		flops := map[string]float64{"forward": forward[row.Kernel], "backward": all[row.Kernel] - forward[row.Kernel]}
		list[i].Share, list[i].GFLOPS = row.Seconds/total, flops[row.Phase]/row.Seconds/1e9
	}
	slices.SortFunc(list, func(a, b KernelRow) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), strings.Compare(a.Phase+a.Kernel, b.Phase+b.Kernel))
	})
	return list
}
