package detect

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/diffusion"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model"
)

// ErrTooLarge is wrapped when a model does not fit the device, or Options.MemoryLimit,
// even with one sample at once.
var ErrTooLarge = errors.New("the model does not fit the device")

// Detector is a model that is loaded and compiled. It is not safe for concurrent use,
// but that the next image can be prepared and queued beside one: see Prepared.
type Detector struct {
	config  model.Config // with the settings in force; parts left out are nil
	options Options
	rule    fusion.Rule

	useBase, useRefiner bool

	params  *graph.Params
	base    executor // nil: not used
	refiner executor
	loop    *diffusion.Loop
	memory  Memory
	profile *profiler

	queues bool // the device takes an image whole, and the next behind it
	last   *run // that was started
}

// Open loads m on dev; with dev nil it runs on the CPU, in float64 and slowly. When
// the refiner does not fit, it sees fewer samples at once. Errors wrap ErrTooLarge,
// graph.ErrNonFinite, or fusion.ErrStack when the rule needs a part that is not there.
func Open(ctx context.Context, dev *gpu.Device, m Model, o Options) (*Detector, error) {
	d := &Detector{config: m.Config, options: o}
	if o.Infer != nil {
		d.config.Infer = *o.Infer
	}
	if o.NoRefine {
		d.config.Refiner = nil
	}
	if err := d.config.Validate(); err != nil {
		return nil, err
	}
	if d.config.Base == nil && d.config.Refiner == nil {
		return nil, errors.New("detect: the model has neither a base nor a refiner")
	}
	if err := d.chooseRule(); err != nil {
		return nil, err
	}
	if err := d.open(ctx, dev, finiteStore{m.Store}); err != nil {
		if tooLarge(err) {
			err = fmt.Errorf("%w: %w", ErrTooLarge, err)
		}
		return nil, errors.Join(fmt.Errorf("detect: %w", err), d.Close())
	}
	return d, nil
}

func (d *Detector) open(ctx context.Context, dev *gpu.Device, s graph.Store) error {
	l := &loader{detector: d, dev: dev, store: s}
	if dev != nil {
		d.queues = (d.options.Queue || dev.Adapter().Type == gpu.Discrete) && !d.options.Profile && d.options.Watch == nil
		if d.params = d.options.Params; d.params == nil {
			d.params = graph.NewParams(dev)
		}
		l.limits = graph.DeviceLimits(dev)
	}
	if d.options.Profile {
		d.profile = newProfiler()
	}
	if d.useBase {
		g, err := d.buildBase()
		if err != nil {
			return err
		}
		l.base = g
	}
	if !d.useRefiner {
		return l.load(ctx, nil)
	}
	schedule, err := d.config.Refiner.Schedule()
	if err != nil {
		return err
	}
	denoiser := d.options.denoiser
	if denoiser == nil {
		denoiser = d.config.Refiner.Denoiser(d.options.Weights)
	}
	for _, batch := range batches(d.config.Infer.Samples()) {
		if most := d.options.Batch; most > 0 && batch > most {
			continue
		}
		if d.loop, err = diffusion.NewLoop(d.config.Infer.Diffusion, schedule, d.config.ImageSize, batch); err != nil {
			return err
		}
		var g *graph.Graph
		if g, err = d.buildRefiner(d.loop, denoiser); err != nil {
			return err
		}
		d.memory.Batch = batch
		if err = l.load(ctx, g); !tooLarge(err) {
			return err
		}
	}
	return err
}

// batches lists the sizes that cut n samples into 1, 2, ... parts, largest first.
func batches(n int) []int {
	var sizes []int
	for parts := range n {
		if size := (n + parts) / (parts + 1); len(sizes) == 0 || size < sizes[len(sizes)-1] {
			sizes = append(sizes, size)
		}
	}
	return sizes
}

// tooLarge says that a smaller batch may fit.
func tooLarge(err error) bool {
	return errors.Is(err, graph.ErrMemory) || errors.Is(err, kernels.ErrLimit) || errors.Is(err, gpu.ErrOutOfMemory)
}

// loader puts graphs on the device.
type loader struct {
	detector *Detector
	dev      *gpu.Device
	store    graph.Store
	limits   graph.Limits
	base     *graph.Graph // nil: not used
	telling  sync.Mutex   // held while Options.Progress runs
}

// load plans both graphs, checks their memory and loads them; refiner may be nil.
func (l *loader) load(ctx context.Context, refiner *graph.Graph) (err error) {
	d := l.detector
	if l.dev == nil {
		if l.base != nil && d.base == nil {
			if d.base, err = newOnCPU(ctx, l.base, l.store); err != nil {
				return err
			}
		}
		if refiner != nil {
			d.refiner, err = newOnCPU(ctx, refiner, l.store)
		}
		return err
	}
	var plans [2]*graph.Plan
	for i, g := range []*graph.Graph{l.base, refiner} {
		if g != nil {
			if plans[i], err = g.Plan(l.limits); err != nil {
				return err
			}
		}
	}
	d.memory.count(plans[:], l.base, refiner)
	if limit := d.options.MemoryLimit; limit > 0 && d.memory.Peak() > limit {
		return fmt.Errorf("%w: the plan needs %v, the limit is %.1f MiB", graph.ErrMemory, d.memory, float64(limit)/(1<<20))
	}
	graphs := [2]*graph.Graph{l.base, refiner}
	for _, g := range graphs {
		if g != nil {
			if err := d.params.Reserve(g); err != nil {
				return err
			}
		}
	}
	// Weights are loaded while shaders compile.
	var at together
	at.begin(ctx)
	for i, to := range [2]*executor{&d.base, &d.refiner} {
		if plans[i] != nil && *to == nil {
			at.run(func(ctx context.Context) (err error) {
				*to, err = l.onDevice(ctx, partNames[i], graphs[i], plans[i])
				return err
			})
		}
	}
	at.run(func(ctx context.Context) error {
		for i, g := range graphs {
			if g != nil {
				if err := d.params.Load(ctx, g, l.store, l.progress("load "+partNames[i])); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err := at.wait(); err != nil {
		return err
	}
	if d.options.Params != nil {
		d.memory.Params = d.params.Bytes()
	}
	return nil
}

var partNames = [2]string{"base", "refiner"}

// onDevice compiles one graph. The result is nil after an error.
func (l *loader) onDevice(ctx context.Context, part string, g *graph.Graph, p *graph.Plan) (executor, error) {
	d := l.detector
	e, err := p.Load(ctx, l.dev, d.params, l.progress("compile "+part))
	if err != nil {
		return nil, err
	}
	return onDevice{e, l.dev, d.profile.recorder(part)}, nil
}

// progress tells of a stage; stages may run at the same time.
func (l *loader) progress(stage string) func(done, total int) {
	tell := l.detector.options.Progress
	if tell == nil {
		return nil
	}
	return func(done, total int) {
		l.telling.Lock()
		defer l.telling.Unlock()
		tell(stage, done, total)
	}
}

// together runs functions at the same time, until the first that fails.
type together struct {
	running sync.WaitGroup
	ctx     context.Context
	cancel  context.CancelCauseFunc
}

func (t *together) begin(ctx context.Context) { t.ctx, t.cancel = context.WithCancelCause(ctx) }

func (t *together) run(f func(context.Context) error) {
	t.running.Go(func() {
		if err := f(t.ctx); err != nil {
			t.cancel(err)
		}
	})
}

// wait returns the first error when all have ended.
func (t *together) wait() error {
	t.running.Wait()
	defer t.cancel(nil)
	return context.Cause(t.ctx)
}

// Close frees everything that the Detector holds on the device.
func (d *Detector) Close() error {
	var errs []error
	for _, e := range []executor{d.base, d.refiner} {
		if e != nil {
			errs = append(errs, e.Close())
		}
	}
	if d.params != nil && d.options.Params == nil {
		errs = append(errs, d.params.Close())
	}
	d.base, d.refiner, d.params = nil, nil, nil
	return errors.Join(errs...)
}

// Rule names the fusion rule.
func (d *Detector) Rule() string { return d.rule.Name() }

// Infer returns the settings in force.
func (d *Detector) Infer() model.Infer { return d.config.Infer }
