package gpu

import (
	"context"
	"fmt"
)

// Bind is a range of a buffer. Size 0 is the rest from Offset.
type Bind struct {
	Buffer       *Buffer
	Offset, Size uint64
}

// Step is a Dispatch or a Copy.
type Step interface{ isStep() }

// Dispatch runs a pipeline over Groups workgroups, with Bind[i] as binding i.
type Dispatch struct {
	Label    string
	Pipeline *Pipeline
	Bind     []Bind
	Groups   [3]uint32
}

// Copy copies Src to Dst, ranges of two buffers and of the same size, a
// multiple of 4.
type Copy struct {
	Src, Dst Bind
}

func (Dispatch) isStep() {}
func (Copy) isStep()     {}

// Recording is a checked list of steps that can be submitted many times.
type Recording struct {
	d          *Device
	label      string
	labels     []string // of each step
	dispatches []bool   // which steps are dispatches
	steps      []rawStep
	groups     []rawGroup
	buffers    []*Buffer
	gone       bool // guarded by d.order
}

// submitSteps is how many steps go to the driver at a time. Shorter submissions
// keep the device and, on a CPU adapter, the machine responsive.
const submitSteps = 64

// NewRecording checks the steps and makes their bind groups. It returns
// ErrTooLarge over a limit and ErrInvalid for bindings that do not fit; both
// name the step.
func (d *Device) NewRecording(label string, steps []Step) (*Recording, error) {
	r := &Recording{d: d, label: label}
	seen := map[*Buffer]bool{}
	if err := d.enter(); err != nil {
		return nil, fmt.Errorf("gpu: recording %q: %w", label, err)
	}
	defer d.life.RUnlock()
	d.order.Lock()
	defer d.order.Unlock()
	err := d.drv.guard(func() error {
		for i, s := range steps {
			binds, err := r.add(s)
			if err != nil {
				return fmt.Errorf("step %d %s: %w", i, name(s), err)
			}
			for _, b := range binds {
				if !seen[b.Buffer] {
					seen[b.Buffer] = true
					r.buffers = append(r.buffers, b.Buffer)
				}
			}
		}
		return d.drv.check(r.steps)
	})
	if err != nil {
		r.free()
		return nil, fmt.Errorf("gpu: recording %q: %w", label, d.note(err))
	}
	return r, nil
}

func name(s Step) string {
	if s, ok := s.(Dispatch); ok {
		return s.Label
	}
	return "copy"
}

// add checks one step, appends it and returns what it binds.
func (r *Recording) add(s Step) ([]Bind, error) {
	d, isDispatch := s.(Dispatch)
	r.labels = append(r.labels, name(s))
	r.dispatches = append(r.dispatches, isDispatch)
	if isDispatch {
		return r.dispatch(d)
	}
	c, isCopy := s.(Copy)
	if !isCopy {
		return nil, fmt.Errorf("%w: a step is a Dispatch or a Copy, not %T", ErrInvalid, s)
	}
	return []Bind{c.Src, c.Dst}, r.copy(c)
}

func (r *Recording) dispatch(s Dispatch) ([]Bind, error) {
	p, limits := s.Pipeline, r.d.limits
	if p == nil || p.d != r.d {
		return nil, fmt.Errorf("%w: no pipeline of this device", ErrInvalid)
	}
	for i, g := range s.Groups {
		if g == 0 {
			return nil, fmt.Errorf("%w: %c workgroups are 0", ErrInvalid, "xyz"[i])
		}
		if g > limits.Groups {
			return nil, fmt.Errorf("%d %c workgroups: %w of %d", g, "xyz"[i], ErrTooLarge, limits.Groups)
		}
	}
	if len(s.Bind) != len(p.binds) {
		return nil, fmt.Errorf("%w: %d bindings for the %d of %s", ErrInvalid, len(s.Bind), len(p.binds), p.label)
	}
	binds := make([]Bind, len(s.Bind))
	for i, b := range s.Bind {
		b, err := b.resolve(r.d)
		if err == nil {
			err = b.fits(p.binds[i], limits)
		}
		if err != nil {
			return nil, fmt.Errorf("binding %d: %w", i, err)
		}
		binds[i] = b
		for j := range i {
			if binds[j].Buffer == b.Buffer && p.binds[j] != p.binds[i] && (p.binds[j] == ReadWrite || p.binds[i] == ReadWrite) {
				return nil, fmt.Errorf("%w: buffer %q is binding %d (%v) and binding %d (%v); WebGPU wants one access per buffer and dispatch", ErrInvalid, b.Buffer.label, j, p.binds[j], i, p.binds[i])
			}
		}
	}
	g, err := r.d.drv.group(s.Label, p.raw, binds)
	if err != nil {
		return nil, err
	}
	r.groups = append(r.groups, g)
	r.steps = append(r.steps, dispatchStep(p.raw, g, s.Groups))
	return binds, nil
}

func (r *Recording) copy(s Copy) error {
	src, err := s.Src.resolve(r.d)
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	dst, err := s.Dst.resolve(r.d)
	if err != nil {
		return fmt.Errorf("destination: %w", err)
	}
	if src.Size != dst.Size {
		return fmt.Errorf("%w: source of %d bytes, destination of %d", ErrInvalid, src.Size, dst.Size)
	}
	if src.Buffer == dst.Buffer {
		return fmt.Errorf("%w: source and destination are both buffer %q", ErrInvalid, src.Buffer.label)
	}
	r.steps = append(r.steps, copyStep(src, dst))
	return nil
}

// resolve checks the range and fills in its size. d.order is held.
func (b Bind) resolve(d *Device) (Bind, error) {
	if b.Buffer == nil {
		return b, fmt.Errorf("%w: no buffer", ErrInvalid)
	}
	if b.Size == 0 && b.Offset < b.Buffer.size {
		b.Size = b.Buffer.size - b.Offset
	}
	if err := b.Buffer.span(d, b.Offset, b.Size); err != nil {
		return b, err
	}
	if b.Size == 0 {
		return b, fmt.Errorf("%w: buffer %q: empty range at %d", ErrInvalid, b.Buffer.label, b.Offset)
	}
	return b, b.Buffer.usable()
}

// fits checks a resolved range against an access and the limits.
func (b Bind) fits(a Access, l Limits) error {
	use, limit, align, kind := UseStorage, l.MaxStorageBinding, uint64(l.StorageAlign), "storage"
	if a == Uniform {
		use, limit, align, kind = UseUniform, l.MaxUniformBinding, uint64(l.UniformAlign), "uniform"
	}
	if b.Buffer.use&use == 0 {
		return fmt.Errorf("%w: buffer %q was not made for %s", ErrInvalid, b.Buffer.label, kind)
	}
	if b.Offset%align != 0 {
		return fmt.Errorf("%w: buffer %q: %s offset %d is not a multiple of %d", ErrInvalid, b.Buffer.label, kind, b.Offset, align)
	}
	if b.Size > limit {
		return fmt.Errorf("buffer %q: %s binding of %s: %w of %s", b.Buffer.label, kind, human(b.Size), ErrTooLarge, human(limit))
	}
	return nil
}

// Label returns the label given to NewRecording.
func (r *Recording) Label() string { return r.label }

// Len returns the number of steps.
func (r *Recording) Len() int { return len(r.steps) }

// Close frees the bind groups. A second Close returns ErrClosed.
func (r *Recording) Close() error {
	if err := r.d.enter(); err != nil {
		return fmt.Errorf("gpu: close: %w", err)
	}
	defer r.d.life.RUnlock()
	r.d.order.Lock()
	defer r.d.order.Unlock()
	if r.gone {
		return fmt.Errorf("gpu: close: recording %q %w", r.label, ErrClosed)
	}
	r.free()
	return nil
}

func (r *Recording) free() {
	r.gone = true
	for _, g := range r.groups {
		r.d.drv.freeGroup(g)
	}
	r.groups, r.steps = nil, nil
}

// usable is called with d.order held.
func (r *Recording) usable(d *Device) error {
	if r.d != d {
		return fmt.Errorf("%w: recorded on another device", ErrInvalid)
	}
	if r.gone {
		return fmt.Errorf("recording %w", ErrClosed)
	}
	for _, b := range r.buffers {
		if err := b.usable(); err != nil {
			return err
		}
	}
	return nil
}

// Submit queues the steps of the recordings in order and returns without
// waiting for them. A driver without a queue of its own (Mesa's CPU adapter)
// makes it wait for the work submitted before.
func (d *Device) Submit(recordings ...*Recording) error {
	if err := d.enter(); err != nil {
		return fmt.Errorf("gpu: submit: %w", err)
	}
	defer d.life.RUnlock()
	for _, r := range recordings {
		if err := d.submit(r); err != nil {
			return fmt.Errorf("gpu: submit %q: %w", r.label, err)
		}
	}
	return nil
}

func (d *Device) submit(r *Recording) error {
	if err := d.begin("submit", 0, r.label); err != nil {
		return err
	}
	d.order.Lock()
	defer d.order.Unlock()
	if err := r.usable(d); err != nil {
		return err
	}
	for at := 0; at < len(r.steps); at += submitSteps {
		if err := d.drv.submit(r.steps[at:min(at+submitSteps, len(r.steps))]); err != nil {
			return d.note(err)
		}
		d.count(1)
	}
	return nil
}

// Fence is a point in the queue of a device. Its Wait is called once.
type Fence struct {
	d     *Device
	event rawEvent
}

// Fence marks the end of the work submitted so far. Where Submit waits for the work
// before it, so does Fence.
func (d *Device) Fence() (*Fence, error) {
	if err := d.enter(); err != nil {
		return nil, fmt.Errorf("gpu: fence: %w", err)
	}
	defer d.life.RUnlock()
	if err := d.Err(); err != nil {
		return nil, fmt.Errorf("gpu: fence: %w", err)
	}
	if d.adapter.Type == CPU {
		// To wait in a submission leaves the cores to the work; looking again and again
		// whether it is done takes a tenth of them.
		if err := d.drv.submit(nil); err != nil {
			return nil, fmt.Errorf("gpu: fence: %w", d.note(err))
		}
		d.count(1)
	}
	event, err := d.drv.fence()
	if err != nil {
		return nil, fmt.Errorf("gpu: fence: %w", d.note(err))
	}
	return &Fence{d, event}, nil
}

// Wait returns when all work before the fence is done, or ctx ends.
func (f *Fence) Wait(ctx context.Context) error {
	if err := f.d.enter(); err != nil {
		return fmt.Errorf("gpu: wait: %w", err)
	}
	defer f.d.life.RUnlock()
	if err := f.d.drv.await(ctx, f.event); err != nil {
		return fmt.Errorf("gpu: wait: %w", f.d.note(err))
	}
	return nil
}

// Wait returns when all work submitted before is done, or ctx ends.
func (d *Device) Wait(ctx context.Context) error {
	f, err := d.Fence()
	if err != nil {
		return err
	}
	return f.Wait(ctx)
}
