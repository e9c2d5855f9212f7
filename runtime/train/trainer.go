package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Trainer is a Plan on a device. It is not safe for concurrent use.
type Trainer struct {
	plan   *Plan
	dev    *gpu.Device
	params *graph.Params
	execs  []*graph.Exec // of the plans
	fixed  map[string][]float32
	inputs map[string][]byte // as last written
	steps  int
}

// Result is what a step reports.
type Result struct {
	Step int     // counted from 1
	Loss float64 // mean over the passes, before the update
	Norm float64 // of all gradients together, before clipping
	LR   float64 // learning rate
}

// Load allocates the plan on dev and starts from the tensors in store. progress may
// be nil.
func (p *Plan) Load(ctx context.Context, dev *gpu.Device, store graph.Store, progress func(done, total int)) (*Trainer, error) {
	return p.load(ctx, dev, fresh{store, p.shapes()}, 0, progress)
}

func (p *Plan) load(ctx context.Context, dev *gpu.Device, store graph.Store, steps int, progress func(done, total int)) (*Trainer, error) {
	t := &Trainer{plan: p, dev: dev, params: graph.NewParams(dev), inputs: map[string][]byte{}, steps: steps}
	var err error
	t.fixed, err = p.fixed(ctx, store)
	for i, g := range p.graphs() {
		if err == nil {
			err = t.params.Load(ctx, g, store, progress)
		}
		if err == nil {
			var e *graph.Exec
			if e, err = p.plans[i].Load(ctx, dev, t.params, nil); err == nil {
				t.execs = append(t.execs, e)
			}
		}
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// last holds the optimiser.
func (t *Trainer) last() *graph.Exec { return t.execs[len(t.execs)-1] }

func encode(v ...float32) []byte {
	return kernels.Encode(kernels.F32, append(v, make([]float32, (4-len(v)%4)%4)...))
}

// Steps is the number of steps done, those before a resumed checkpoint included.
func (t *Trainer) Steps() int { return t.steps }

// Write gives an input of the network its values for the following passes, as
// graph.Exec.Write does.
func (t *Trainer) Write(name string, data []byte) error {
	t.inputs[name] = slices.Clone(data)
	return t.execs[0].Write(name, data)
}

// Step runs the passes, each after feed has written its inputs, and updates the
// parameters. An error that wraps graph.ErrNonFinite names the first operation that
// made a NaN or an infinite value; the parameters are those of the step before.
func (t *Trainer) Step(ctx context.Context, feed func(pass int) error) (Result, error) {
	o := t.plan.options
	r := Result{Step: t.steps + 1, LR: o.AdamW.LR * o.Schedule(t.steps)}
	if err := t.last().Write(adamwInput, encode(o.AdamW.settings(r.Step, r.LR, o.share(r.Step))...)); err != nil {
		return r, err
	}
	for pass := range o.Passes {
		if err := feed(pass); err != nil {
			return r, err
		}
		if o.Passes > 1 {
			if err := t.execs[0].Write(sumInput, encode(float32(min(1, pass)), 1/float32(o.Passes))); err != nil {
				return r, err
			}
		}
		if err := t.execs[0].Submit(); err != nil {
			return r, err
		}
		loss, err := t.read(ctx, t.execs[0], lossOutput)
		if err != nil {
			return r, err
		}
		if r.Loss += loss / float64(o.Passes); !finite(loss) {
			return r, t.diagnose(ctx, r, "loss", loss)
		}
	}
	if o.Passes > 1 {
		if err := t.last().Submit(); err != nil {
			return r, err
		}
	}
	square, err := t.read(ctx, t.last(), squareOutput)
	if err != nil {
		return r, err
	}
	if r.Norm = math.Sqrt(square); !finite(square) {
		return r, t.diagnose(ctx, r, "squared norm of the gradients", square)
	}
	t.steps++
	return r, nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func (t *Trainer) read(ctx context.Context, e *graph.Exec, output string) (float64, error) {
	data, err := e.Read(ctx, output)
	if err != nil {
		return 0, err
	}
	return float64(kernels.Decode32(data)[0]), nil
}

// Read returns the bytes of an output that the network declared, after the last
// pass.
func (t *Trainer) Read(ctx context.Context, output string) ([]byte, error) {
	return t.execs[0].Read(ctx, output)
}

// Profile runs a pass once more, dispatch by dispatch, and returns the seconds of
// each. With one pass for a step it takes the step, uncounted, too.
func (t *Trainer) Profile(ctx context.Context) ([]gpu.Timing, error) {
	return t.execs[0].Profile(ctx)
}

// Close frees everything that Load allocated.
func (t *Trainer) Close() error {
	var errs []error
	for _, e := range t.execs {
		errs = append(errs, e.Close())
	}
	return errors.Join(append(errs, t.params.Close())...)
}

// diagnose runs the last pass again with a check of every value.
func (t *Trainer) diagnose(ctx context.Context, r Result, what string, value float64) (err error) {
	found := fmt.Errorf("train: step %d: %s is %g: %w", r.Step, what, value, graph.ErrNonFinite)
	g := graph.New()
	g.ParamGrads(t.plan.build(g), t.plan.options.Keep)
	g.CheckAll()
	plan, err := g.Plan(t.plan.limits)
	if err != nil {
		return errors.Join(found, err)
	}
	e, err := plan.Load(ctx, t.dev, t.params, nil)
	if err != nil {
		return errors.Join(found, err)
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	for name, data := range t.inputs {
		if err := e.Write(name, data); err != nil {
			return errors.Join(found, err)
		}
	}
	if err := e.Submit(); err != nil {
		return errors.Join(found, err)
	}
	if err := e.Finite(ctx); err != nil {
		return fmt.Errorf("train: step %d: %w", r.Step, err)
	}
	return found
}
