package graph

import (
	"context"
	"errors"
	"fmt"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
)

// From what gpu.Adapter.UniformSpeed on windows pay for their many dispatches: in products of
// matrices, and in Winograd's transforms (RATIONALE.md).
const (
	fastUniforms     = 1.5
	veryFastUniforms = 4
)

// DeviceLimits turns the limits of an open device into those of a plan.
func DeviceLimits(d *gpu.Device) Limits {
	l := d.Limits()
	clip := func(n uint64) int { return int(min(n, 1<<31-1)) }
	return Limits{
		Target: kernels.Target{
			CPU:              d.Adapter().Type == gpu.CPU,
			Windows:          d.Adapter().UniformSpeed > fastUniforms,
			WindowTransforms: d.Adapter().UniformSpeed > veryFastUniforms,
			Groups:           int(l.Groups),
			Invocations:      int(l.Invocations),
			WorkgroupMemory:  int(l.WorkgroupMemory),
			StorageBinding:   clip(l.MaxStorageBinding),
			UniformBinding:   clip(l.MaxUniformBinding),
			Align:            int(max(l.StorageAlign, l.UniformAlign)),
		},
		Buffer: clip(l.MaxBufferSize),
	}
}

// Exec is a plan loaded on a device: buffers, pipelines and one recording. It
// is not safe for concurrent use.
type Exec struct {
	plan    *Plan
	dev     *gpu.Device
	params  *Params
	own     []*gpu.Buffer // closed with the Exec
	buffers map[int]*gpu.Buffer
	arenas  []*gpu.Buffer
	rec     *gpu.Recording
}

// Load allocates the plan's buffers, compiles its pipelines in parallel and
// records it once. params holds the parameters on the same device and outlives
// the Exec; several Execs can share it. progress may be nil.
func (p *Plan) Load(ctx context.Context, dev *gpu.Device, params *Params, progress func(done, total int)) (*Exec, error) {
	e := &Exec{plan: p, dev: dev, params: params, buffers: map[int]*gpu.Buffer{}}
	if err := e.load(ctx, progress); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func (e *Exec) load(ctx context.Context, progress func(done, total int)) error {
	if err := e.allocate(); err != nil {
		return err
	}
	p, dev := e.plan, e.dev
	l := launcher{dev: dev}
	for i := range p.steps {
		s := &p.steps[i]
		if err := l.add(s.path+": "+s.op.Name(), s.rec, func(o kernels.Operand) gpu.Bind { return e.bind(s, o) }); err != nil {
			return err
		}
	}
	steps, uniforms, err := l.steps(ctx, progress)
	if uniforms != nil {
		e.own = append(e.own, uniforms)
	}
	if err != nil {
		return err
	}
	for _, c := range p.graph.carries {
		from, _ := p.graph.output(c.from)
		to := p.graph.inputs[c.to].id
		src, dst := e.buffers[p.graph.root(from)], e.buffers[to]
		n := uint64(p.graph.values[to].Bytes())
		steps = append(steps, gpu.Copy{Src: gpu.Bind{Buffer: src, Size: n}, Dst: gpu.Bind{Buffer: dst, Size: n}})
	}
	e.rec, err = dev.NewRecording("graph", steps)
	return err
}

func (e *Exec) allocate() error {
	g := e.plan.graph
	room := e.plan.limits.Room
	alloc := func(label string, bytes int) (*gpu.Buffer, error) {
		b, err := e.dev.NewBuffer(label, uint64(bytes), gpu.UseStorage|gpu.UseUniform)
		if err != nil {
			return nil, fmt.Errorf("graph: %s: the plan needs %v: %w", label, e.plan.Memory(), err)
		}
		e.own = append(e.own, b)
		return b, nil
	}
	var err error
	for id, v := range g.values {
		switch v.kind {
		case input:
			if e.buffers[id], err = alloc("input "+v.name, room(v.Bytes())); err != nil {
				return err
			}
		case param:
			if e.buffers[id] = e.params.buffers[v.name]; e.buffers[id] == nil {
				return fmt.Errorf("graph: parameter %q is not loaded", v.name)
			}
		}
	}
	for _, o := range g.outputs {
		r := g.root(o.value)
		if e.buffers[r] != nil { // an input, a parameter, or a value with two names
			continue
		}
		if e.buffers[r], err = alloc("output "+o.name, room(g.values[r].Bytes())); err != nil {
			return err
		}
	}
	for i, size := range e.plan.arenas {
		a, err := alloc(fmt.Sprintf("arena %d", i), size)
		if err != nil {
			return err
		}
		e.arenas = append(e.arenas, a)
	}
	return nil
}

// bind finds the bytes of an operand of step s.
func (e *Exec) bind(s *step, o kernels.Operand) gpu.Bind {
	g := e.plan.graph
	var b gpu.Bind
	if o.Kind == kernels.TempKind {
		at := s.temps[o.Index]
		b = gpu.Bind{Buffer: e.arenas[at.arena], Offset: uint64(at.offset), Size: uint64(s.rec.Temps[o.Index])}
	} else {
		ids := s.in
		if o.Kind == kernels.OutKind {
			ids = s.out
		}
		id := g.root(ids[o.Index])
		b.Size = uint64(g.values[id].Bytes())
		if at, ok := e.plan.spots[id]; ok {
			b.Buffer, b.Offset = e.arenas[at.arena], uint64(at.offset)
		} else {
			b.Buffer = e.buffers[id]
		}
	}
	if o.Size > 0 {
		b.Offset, b.Size = b.Offset+uint64(o.Offset), uint64(o.Size)
	}
	return b
}

// Write gives an input its bytes for the next replays: the padded values,
// little-endian.
func (e *Exec) Write(name string, data []byte) error {
	v, ok := e.plan.graph.inputs[name]
	if !ok {
		return fmt.Errorf("graph: no input %q", name)
	}
	if t := e.plan.graph.Tensor(v); len(data) != t.Bytes() {
		return fmt.Errorf("graph: input %q: %w: %d bytes, %v has %d", name, kernels.ErrShape, len(data), t, t.Bytes())
	}
	return e.dev.Write(e.buffers[v.id], 0, data)
}

// Submit replays the recording; it does not wait.
func (e *Exec) Submit() error { return e.dev.Submit(e.rec) }

// Read waits for the submitted replays and returns the bytes of an output.
func (e *Exec) Read(ctx context.Context, name string) ([]byte, error) {
	id, ok := e.plan.graph.output(name)
	if !ok {
		return nil, errNoOutput(name)
	}
	data := make([]byte, e.plan.graph.values[id].Bytes())
	return data, e.dev.Read(ctx, e.buffers[e.plan.graph.root(id)], 0, data)
}

func errNoOutput(name string) error { return fmt.Errorf("graph: no output %q", name) }

// ReadFloats is Read for an output of type F32: its padded values.
func (e *Exec) ReadFloats(ctx context.Context, name string) ([]float32, error) {
	data, err := e.Read(ctx, name)
	if err != nil {
		return nil, err
	}
	return kernels.Decode32(data), nil
}

// Profile replays the recording once, dispatch by dispatch, and returns the
// seconds of each, labelled "path: operation shader[settings]".
func (e *Exec) Profile(ctx context.Context) ([]gpu.Timing, error) {
	return e.dev.Profile(ctx, e.rec)
}

// Plan is what the Exec was loaded from.
func (e *Exec) Plan() *Plan { return e.plan }

// Close frees the buffers of the Exec; the parameters stay.
func (e *Exec) Close() error {
	var errs []error
	if e.rec != nil {
		errs = append(errs, e.rec.Close())
	}
	for _, b := range e.own {
		errs = append(errs, b.Close())
	}
	e.own, e.rec = nil, nil
	return errors.Join(errs...)
}
