package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/shaders"
)

// launcher turns kernel records into steps of a recording.
type launcher struct {
	dev      *gpu.Device
	expanded map[string]expanded
	programs []gpu.Program
	launches []launch
	uniforms []byte
}

// expanded is a shader that many dispatches may share.
type expanded struct {
	shaders.Source
	program int
}

type launch struct {
	label    string
	dispatch kernels.Dispatch
	bind     []gpu.Bind
	widen    []int // bindings that are read only and must be writable, as their buffer is written
	uniform  int   // offset among the uniforms, or -1
	size     int
}

// add takes the dispatches of a record whose operands lie where place says.
func (l *launcher) add(label string, rec kernels.Record, place func(kernels.Operand) gpu.Bind) error {
	for _, d := range rec.Steps {
		src, err := l.expand(d, nil)
		if err != nil {
			return fmt.Errorf("graph: %s: %w", label, err)
		}
		want := len(d.Bind)
		if d.Uniform != nil {
			want++
		}
		if len(src.Bindings) != want {
			return fmt.Errorf("graph: %s: %s declares %d bindings, the kernel gives %d", label, d.Shader, len(src.Bindings), want)
		}
		binds := make([]gpu.Bind, len(d.Bind))
		written := map[*gpu.Buffer]bool{}
		for i, o := range d.Bind {
			binds[i] = place(o)
			if src.Bindings[i].Access == shaders.ReadWrite {
				written[binds[i].Buffer] = true
			}
		}
		var widen []int
		for i, b := range binds {
			if src.Bindings[i].Access == shaders.Read && written[b.Buffer] {
				widen = append(widen, i)
			}
		}
		at, uniform := -1, kernels.EncodeUniform(d.Uniform)
		if uniform != nil {
			at = roundUp(len(l.uniforms), int(l.dev.Limits().UniformAlign))
			l.uniforms = append(append(l.uniforms, make([]byte, at-len(l.uniforms))...), uniform...)
		}
		l.launches = append(l.launches, launch{label, d, binds, widen, at, len(uniform)})
	}
	return nil
}

// share widens, where it can, what dispatches of the same shader widen anyway: so there is one
// form of it to compile. A driver for a CPU takes seconds for each.
func (l *launcher) share() {
	all := map[string][]int{}
	for _, c := range l.launches {
		key := shaderKey(c.dispatch, nil)
		all[key] = append(all[key], c.widen...)
	}
	for key, widen := range all {
		slices.Sort(widen)
		all[key] = slices.Compact(widen)
	}
	for i, c := range l.launches {
		if union := all[shaderKey(c.dispatch, nil)]; c.takes(union, l.expanded[shaderKey(c.dispatch, nil)].Bindings) {
			l.launches[i].widen = union
		}
	}
}

// takes says whether the bindings can be writable: what else the dispatch binds of their
// buffers is writable too, and does not overlap them.
func (c launch) takes(widen []int, bindings []shaders.Binding) bool {
	for _, i := range widen {
		b := c.bind[i]
		for k, other := range c.bind {
			if k == i || other.Buffer != b.Buffer {
				continue
			}
			writable := bindings[k].Access == shaders.ReadWrite || slices.Contains(widen, k)
			if !writable || b.Offset < other.Offset+other.Size && other.Offset < b.Offset+b.Size {
				return false
			}
		}
	}
	return true
}

func shaderKey(d kernels.Dispatch, widen []int) string { return fmt.Sprint(d.Shader, d.Set, widen) }

// expand expands a shader once for all dispatches with the same settings.
func (l *launcher) expand(d kernels.Dispatch, widen []int) (expanded, error) {
	key := shaderKey(d, widen)
	if e, ok := l.expanded[key]; ok {
		return e, nil
	}
	src, err := shaders.Expand(d.Shader, d.Set, widen)
	if err != nil {
		return expanded{}, err
	}
	shared, err := src.WorkgroupBytes()
	if err != nil {
		return expanded{}, err
	}
	if limit := int(l.dev.Limits().WorkgroupMemory); shared > limit {
		return expanded{}, fmt.Errorf("%s: %w: %d bytes of workgroup memory, the device has %d", src.Label, kernels.ErrLimit, shared, limit)
	}
	if l.expanded == nil {
		l.expanded = map[string]expanded{}
	}
	e := expanded{src, -1}
	l.expanded[key] = e
	return e, nil
}

// program is the number of the program of a shader.
func (l *launcher) program(d kernels.Dispatch, widen []int) (expanded, error) {
	e, err := l.expand(d, widen)
	if err == nil && e.program < 0 {
		e.program = len(l.programs)
		l.programs = append(l.programs, program(e.Source))
		l.expanded[shaderKey(d, widen)] = e
	}
	return e, err
}

func program(src shaders.Source) gpu.Program {
	p := gpu.Program{Label: src.Label, File: src.File, Code: src.Code}
	for _, b := range src.Bindings {
		p.Bindings = append(p.Bindings, [...]gpu.Access{gpu.Read, gpu.ReadWrite, gpu.Uniform}[b.Access])
	}
	return p
}

// steps compiles everything that was added. The buffer of the uniforms (nil
// when there are none) belongs to the caller, also after an error.
func (l *launcher) steps(ctx context.Context, progress func(done, total int)) (steps []gpu.Step, uniforms *gpu.Buffer, err error) {
	if l.dev.Adapter().Type == gpu.CPU {
		l.share()
	}
	runs := make([]expanded, len(l.launches))
	for i, c := range l.launches {
		if runs[i], err = l.program(c.dispatch, c.widen); err != nil {
			return nil, nil, fmt.Errorf("graph: %s: %w", c.label, err)
		}
	}
	if err := l.dev.Compile(ctx, l.programs, progress); err != nil {
		return nil, nil, err
	}
	if len(l.uniforms) > 0 {
		if uniforms, err = l.dev.NewBuffer("uniforms", uint64(len(l.uniforms)), gpu.UseUniform); err != nil {
			return nil, nil, err
		}
		if err := l.dev.Write(uniforms, 0, l.uniforms); err != nil {
			return nil, uniforms, err
		}
	}
	pipes := make([]*gpu.Pipeline, len(l.programs))
	for i, p := range l.programs {
		if pipes[i], err = l.dev.Pipeline(ctx, p); err != nil {
			return nil, uniforms, err
		}
	}
	for i, c := range l.launches {
		bind := c.bind
		if c.uniform >= 0 {
			bind = append(bind, gpu.Bind{Buffer: uniforms, Offset: uint64(c.uniform), Size: uint64(c.size)})
		}
		steps = append(steps, gpu.Dispatch{Label: c.label + " " + runs[i].Label, Pipeline: pipes[runs[i].program], Bind: bind, Groups: c.dispatch.Groups})
	}
	return steps, uniforms, nil
}

// Launch compiles one kernel record whose operands lie where place says, for
// callers that run an operation outside of a graph (conformance, bench). free
// gives back what was allocated for it; it is nil after an error.
func Launch(ctx context.Context, dev *gpu.Device, label string, rec kernels.Record, place func(kernels.Operand) gpu.Bind) (r *gpu.Recording, free func() error, err error) {
	l := launcher{dev: dev}
	if err := l.add(label, rec, place); err != nil {
		return nil, nil, err
	}
	steps, uniforms, err := l.steps(ctx, nil)
	if err == nil {
		r, err = dev.NewRecording(label, steps)
	}
	free = func() error {
		var errs []error
		if r != nil {
			errs = append(errs, r.Close())
		}
		if uniforms != nil {
			errs = append(errs, uniforms.Close())
		}
		return errors.Join(errs...)
	}
	if err != nil {
		return nil, nil, errors.Join(err, free())
	}
	return r, free, nil
}

// Compile compiles the shaders of one kernel record, as they are when every
// operand has a buffer of its own, and runs nothing.
func Compile(ctx context.Context, dev *gpu.Device, label string, rec kernels.Record) error {
	l := launcher{dev: dev}
	for _, d := range rec.Steps {
		if _, err := l.program(d, nil); err != nil {
			return fmt.Errorf("graph: %s: %w", label, err)
		}
	}
	return dev.Compile(ctx, l.programs, nil)
}
