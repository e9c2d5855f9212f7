package detect

import (
	"context"
	"errors"
	"time"

	"github.com/drdc-dev/drdc/runtime/diffusion"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/gpu"
)

// run is an image on the device.
type run struct {
	detector    *Detector
	cancel      context.CancelFunc
	base, stack readback // nil: not used, or waited for

	fences  chan *gpu.Fence // of the steps; nil where each is waited for
	watched chan struct{}   // closed behind the last step, when what follows is there
	begun   time.Time       // when the device was free for the image
	done    []time.Time     // when its steps were done
	err     error           // of a fence
}

// start submits the base and all steps of the refiner, and asks for their maps. A device
// that may take seconds for a step is waited for behind each, so that a beat says that
// it made a step, and a cancelled image does not leave the others queued.
func (p *Prepared) start(ctx context.Context) (err error) {
	d := p.detector
	if d.base == nil && d.refiner == nil {
		return errors.New("closed")
	}
	d.profile.reset()
	r := &run{detector: d, watched: make(chan struct{}), begun: time.Now()}
	p.run = r
	ctx, r.cancel = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			p.Discard()
		}
	}()
	if !d.queues {
		close(r.watched)
	} else {
		r.fences = make(chan *gpu.Fence, 1+len(d.config.Infer.Timesteps))
		go r.watch(ctx, d.last)
		d.last = r
		defer close(r.fences)
	}
	if d.base != nil {
		if err := r.startBase(ctx, p); err != nil {
			return err
		}
	}
	if d.refiner != nil {
		return r.startRefiner(ctx, p)
	}
	return nil
}

func (r *run) startBase(ctx context.Context, p *Prepared) error {
	base := r.detector.base
	if err := base.Write(inPixels, p.pixels); err != nil {
		return err
	}
	step, err := base.Submit(ctx)
	if err != nil {
		return err
	}
	// While the device works.
	_, err = p.inputs()
	if err := errors.Join(err, r.track(ctx, step)); err != nil {
		return err
	}
	r.base, err = base.StartRead(outBase)
	return err
}

func (r *run) startRefiner(ctx context.Context, p *Prepared) error {
	d := r.detector
	inputs, err := p.inputs()
	if err != nil {
		return err
	}
	var after func(step int) error
	if d.options.Watch != nil {
		after = func(step int) error { return d.watch(ctx, step) }
	}
	if err := d.loop.Run(ctx, tracked{d.refiner, r}, inputs, after); err != nil {
		return err
	}
	r.stack, err = d.refiner.StartRead(outStack)
	return err
}

// tracked is a diffusion.Exec.
type tracked struct {
	executor
	run *run
}

// Submit implements diffusion.Exec.
func (t tracked) Submit(ctx context.Context) error {
	step, err := t.executor.Submit(ctx)
	if err != nil {
		return err
	}
	return t.run.track(ctx, step)
}

// track waits for a step, or leaves that to watch.
func (r *run) track(ctx context.Context, step *gpu.Fence) error {
	if r.fences != nil {
		r.fences <- step
		return nil
	}
	if step != nil {
		if err := step.Wait(ctx); err != nil {
			return err
		}
	}
	r.step()
	return nil
}

// watch waits for step after step, behind those of the image before; nil is none.
func (r *run) watch(ctx context.Context, before *run) {
	defer close(r.watched)
	if before != nil {
		select {
		case <-before.watched:
			if n := len(before.done); n > 0 {
				r.begun = later(r.begun, before.done[n-1])
			}
		case <-ctx.Done():
		}
	}
	for step := range r.fences {
		if err := step.Wait(ctx); err != nil {
			r.err = errors.Join(r.err, err)
			continue
		}
		r.step()
	}
}

// step says that a step is done.
func (r *run) step() {
	r.done = append(r.done, time.Now())
	if beat := r.detector.options.Beat; beat != nil {
		beat()
	}
}

// read waits for the maps and adds up the times on the device.
func (r *run) read(ctx context.Context, stack *fusion.Stack, s *Seconds) error {
	d, asked := r.detector, time.Now()
	if from := r.base; from != nil {
		r.base = nil
		v, err := from.Wait(ctx)
		if err != nil {
			return err
		}
		stack.Base = lanes(v, 1)[0]
	}
	if from := r.stack; from != nil {
		r.stack = nil
		v, err := from.Wait(ctx)
		if err != nil {
			return err
		}
		maps := d.config.Infer.Maps()
		for i, val := range lanes(v, len(maps)) {
			m := maps[i]
			stack.Maps = append(stack.Maps, fusion.Map{Timestep: m.Timestep, Cell: m.Cell, Scale: m.Scale, Val: val})
		}
	}
	<-r.watched
	if r.err != nil {
		return r.err
	}
	from, end := r.begun, r.done[len(r.done)-1]
	part := &s.Base
	if d.refiner != nil {
		if d.base != nil {
			s.Base, from = r.done[0].Sub(from).Seconds(), r.done[0]
		}
		part = &s.Refine
	}
	*part = end.Sub(from).Seconds() + time.Since(later(end, asked)).Seconds()
	return nil
}

// discard ends the wait for what is queued.
func (r *run) discard() {
	r.cancel()
	<-r.watched
	for _, left := range []readback{r.base, r.stack} {
		if left != nil {
			left.Discard()
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (d *Detector) watch(ctx context.Context, step int) error {
	for k, cell := range d.config.Infer.Cells {
		from, err := d.refiner.StartRead(diffusion.Predicted(k))
		if err != nil {
			return err
		}
		v, err := from.Wait(ctx)
		if err != nil {
			return err
		}
		p := Predicted{Timestep: d.config.Infer.Timesteps[step], Cell: cell}
		for i := 0; i < len(v); i += 4 {
			p.Pix = append(p.Pix, v[i:i+3]...)
		}
		d.options.Watch(p)
	}
	return nil
}
