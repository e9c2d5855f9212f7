//go:build js

package gpu

import (
	"context"
	"errors"
	"strings"
	"sync"
	"syscall/js"
	"time"
)

type (
	rawBuffer   struct{ v js.Value }
	rawPipeline struct{ v, layout js.Value }
	rawGroup    struct{ v js.Value }
	rawQueries  struct{ v js.Value }
	rawEvent    struct{ promise js.Value }
	rawStep     struct {
		pipeline, group js.Value // undefined for a copy
		groups          [3]uint32
		src, dst        Bind
	}
)

// driver is an open device of the browser.
type driver struct {
	dev, queue js.Value
	onError    js.Func

	gone chan struct{} // closed when lost is set

	// scope is held between the push and the pop of an error scope, so that the
	// errors of one goroutine do not land in the scope of another.
	scope sync.Mutex

	mu      sync.Mutex // guards the rest
	stored  error      // reported outside of any scope
	lost    error
	scratch js.Value // Uint8Array that writes go through
}

// listen stores errors that come outside of error scopes, and the loss.
func (d *driver) listen() {
	d.onError = js.FuncOf(func(_ js.Value, args []js.Value) any {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.stored == nil {
			d.stored = scopeError(args[0].Get("error"))
		}
		return nil
	})
	var onLost js.Func
	onLost = js.FuncOf(func(_ js.Value, args []js.Value) any {
		onLost.Release()
		d.mu.Lock()
		defer d.mu.Unlock()
		d.lost = &driverError{kind: kindLost, text: strings.TrimSpace(text(args[0], "reason") + ": " + text(args[0], "message"))}
		close(d.gone)
		return nil
	})
	d.dev.Call("addEventListener", "uncapturederror", d.onError)
	d.dev.Get("lost").Call("then", onLost)
}

func (d *driver) close() {
	d.dev.Call("removeEventListener", "uncapturederror", d.onError)
	d.onError.Release()
	d.dev.Call("destroy")
}

// lossGrace is how long a loss may come after the rejections that it causes.
const lossGrace = time.Second

// resolve waits for a promise that only the loss of the device can reject, and
// returns that loss.
func (d *driver) resolve(ctx context.Context, start func() js.Value) (js.Value, error) {
	v, err := await(ctx, d.gone, start)
	if err == nil || ctx.Err() != nil {
		return v, err
	}
	select {
	case <-d.gone:
		return v, d.pending()
	case <-time.After(lossGrace):
		return v, err
	}
}

func (d *driver) pending() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lost != nil {
		return d.lost
	}
	err := d.stored
	d.stored = nil
	return err
}

// scopeError turns a GPUError into an error; null is nil.
func scopeError(v js.Value) error {
	if !v.Truthy() {
		return nil
	}
	e := &driverError{text: reason(v)}
	if v.InstanceOf(js.Global().Get("GPUOutOfMemoryError")) {
		e.kind = kindOutOfMemory
	}
	return e
}

// guard calls f, which must not wait for a promise, and returns its error or
// else the first one that the browser reports about it.
func (d *driver) guard(f func() error) error {
	filters := []string{"validation", "out-of-memory", "internal"}
	var failed error
	popped := make([]js.Value, len(filters))
	err := func() error {
		d.scope.Lock()
		defer d.scope.Unlock()
		return try(func() {
			for _, filter := range filters {
				d.dev.Call("pushErrorScope", filter)
			}
			thrown := try(func() { failed = f() })
			for i := range filters {
				popped[i] = d.dev.Call("popErrorScope")
			}
			if failed == nil {
				failed = thrown
			}
		})
	}()
	if err != nil {
		return err
	}
	for _, promise := range popped {
		v, err := d.resolve(context.Background(), func() js.Value { return promise })
		if err == nil {
			err = scopeError(v)
		}
		if failed == nil {
			failed = err
		}
	}
	return failed
}

func (d *driver) newBuffer(label string, size uint64, usage uint32) (rawBuffer, error) {
	var b rawBuffer
	err := d.guard(func() error {
		b.v = d.dev.Call("createBuffer", object(map[string]any{"label": label, "size": float64(size), "usage": usage}))
		return nil
	})
	if err == nil {
		err = d.pending()
	}
	return b, err
}

func (d *driver) freeBuffer(b rawBuffer) { b.v.Call("destroy") }

// writePiece is the size of the array that writes go through.
const writePiece = 4 << 20

func (d *driver) write(b rawBuffer, offset uint64, data []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return try(func() {
		for len(data) > 0 {
			n := min(len(data), writePiece)
			if d.scratch.IsUndefined() || d.scratch.Length() < n {
				d.scratch = js.Global().Get("Uint8Array").New(n)
			}
			js.CopyBytesToJS(d.scratch, data[:n])
			d.queue.Call("writeBuffer", b.v, float64(offset), d.scratch, 0, n)
			offset += uint64(n)
			data = data[n:]
		}
	})
}

func (d *driver) compile(ctx context.Context, label, code string, bindings []Access) (rawPipeline, *diagnostic, error) {
	var p rawPipeline
	var module, info, layout js.Value
	entries := make([]any, len(bindings))
	for i, a := range bindings {
		kind := map[Access]string{Read: "read-only-storage", ReadWrite: "storage", Uniform: "uniform"}[a]
		entries[i] = map[string]any{"binding": i, "visibility": 4, "buffer": map[string]any{"type": kind}}
	}
	// The report of a broken module comes from getCompilationInfo, with its place.
	broken := d.guard(func() error {
		module = d.dev.Call("createShaderModule", object(map[string]any{"label": label, "code": code}))
		info = module.Call("getCompilationInfo")
		return nil
	})
	if info.IsUndefined() {
		return p, nil, broken
	}
	report, err := d.resolve(ctx, func() js.Value { return info })
	if err != nil {
		return p, nil, err
	}
	if diag := diagnose(report); diag != nil {
		return p, diag, nil
	}
	if broken != nil {
		return p, nil, broken
	}
	err = d.guard(func() error {
		p.layout = d.dev.Call("createBindGroupLayout", object(map[string]any{"label": label, "entries": entries}))
		layout = d.dev.Call("createPipelineLayout", object(map[string]any{"label": label, "bindGroupLayouts": []any{p.layout}}))
		return nil
	})
	if err != nil {
		return p, nil, err
	}
	p.v, err = await(ctx, d.gone, func() js.Value {
		return d.dev.Call("createComputePipelineAsync", object(map[string]any{
			"label": label, "layout": layout, "compute": map[string]any{"module": module, "entryPoint": "main"},
		}))
	})
	var said *driverError
	if errors.As(err, &said) {
		return p, &diagnostic{text: said.text}, nil
	}
	return p, nil, err
}

// diagnose returns the first error of a GPUCompilationInfo, or nil.
func diagnose(info js.Value) *diagnostic {
	messages := info.Get("messages")
	for i := range messages.Length() {
		m := messages.Index(i)
		if text(m, "type") == "error" {
			return &diagnostic{line: m.Get("lineNum").Int(), column: m.Get("linePos").Int(), text: text(m, "message")}
		}
	}
	return nil
}

func (d *driver) freePipeline(rawPipeline) {}

// group is called inside of guard.
func (d *driver) group(label string, p rawPipeline, binds []Bind) (rawGroup, error) {
	entries := make([]any, len(binds))
	for i, b := range binds {
		entries[i] = map[string]any{"binding": i, "resource": map[string]any{
			"buffer": b.Buffer.raw.v, "offset": float64(b.Offset), "size": float64(b.Size),
		}}
	}
	return rawGroup{d.dev.Call("createBindGroup", object(map[string]any{"label": label, "layout": p.layout, "entries": entries}))}, nil
}

func (d *driver) freeGroup(rawGroup) {}

func dispatchStep(p rawPipeline, g rawGroup, groups [3]uint32) rawStep {
	return rawStep{pipeline: p.v, group: g.v, groups: groups}
}

func copyStep(src, dst Bind) rawStep { return rawStep{src: src, dst: dst} }

// encode returns an encoder with the steps. With queries, each step has a pass
// of its own that writes queries 2i and 2i+1.
func (d *driver) encode(steps []rawStep, q rawQueries) js.Value {
	encoder := d.dev.Call("createCommandEncoder")
	pass := js.Undefined()
	end := func() {
		if !pass.IsUndefined() {
			pass.Call("end")
			pass = js.Undefined()
		}
	}
	begin := func(i int) {
		desc := map[string]any{}
		if !q.v.IsUndefined() {
			desc["timestampWrites"] = map[string]any{
				"querySet": q.v, "beginningOfPassWriteIndex": 2 * i, "endOfPassWriteIndex": 2*i + 1,
			}
		}
		pass = encoder.Call("beginComputePass", object(desc))
	}
	for i, s := range steps {
		if s.pipeline.IsUndefined() || !q.v.IsUndefined() {
			end()
		}
		if s.pipeline.IsUndefined() {
			encoder.Call("copyBufferToBuffer", s.src.Buffer.raw.v, float64(s.src.Offset), s.dst.Buffer.raw.v, float64(s.dst.Offset), float64(s.src.Size))
			continue
		}
		if pass.IsUndefined() {
			begin(i)
		}
		pass.Call("setPipeline", s.pipeline)
		pass.Call("setBindGroup", 0, s.group)
		pass.Call("dispatchWorkgroups", s.groups[0], s.groups[1], s.groups[2])
	}
	end()
	return encoder
}

// check encodes the steps without submitting them, inside of guard.
func (d *driver) check(steps []rawStep) error {
	d.encode(steps, rawQueries{}).Call("finish")
	return nil
}

func (d *driver) submit(steps []rawStep) error {
	return try(func() {
		d.queue.Call("submit", []any{d.encode(steps, rawQueries{}).Call("finish")})
	})
}

func (d *driver) newQueries(n int) (rawQueries, error) {
	var q rawQueries
	err := d.guard(func() error {
		q.v = d.dev.Call("createQuerySet", object(map[string]any{"type": "timestamp", "count": n}))
		return nil
	})
	return q, err
}

func (d *driver) freeQueries(q rawQueries) { q.v.Call("destroy") }

// submitStamped submits the steps, writes the ticks before and after step i to
// queries 2i and 2i+1, and all queries to dst.
func (d *driver) submitStamped(steps []rawStep, q rawQueries, dst rawBuffer) error {
	return try(func() {
		encoder := d.encode(steps, q)
		encoder.Call("resolveQuerySet", q.v, 0, 2*len(steps), dst.v, 0)
		d.queue.Call("submit", []any{encoder.Call("finish")})
	})
}

func (d *driver) wait(ctx context.Context) error {
	event, err := d.fence()
	if err != nil {
		return err
	}
	return d.await(ctx, event)
}

// fence fires when the work submitted so far is done.
func (d *driver) fence() (e rawEvent, err error) {
	err = try(func() { e.promise = d.queue.Call("onSubmittedWorkDone") })
	return e, err
}

func (d *driver) await(ctx context.Context, e rawEvent) error {
	_, err := d.resolve(ctx, func() js.Value { return e.promise })
	return err
}

// read maps a staging buffer, once the work queued before is done, and copies its
// bytes.
func (d *driver) read(ctx context.Context, stage rawBuffer, dst []byte) error {
	mapped := func() js.Value { return stage.v.Call("mapAsync", usageMapRead, 0, float64(len(dst))) }
	if _, err := d.resolve(ctx, mapped); err != nil {
		return err
	}
	return try(func() {
		js.CopyBytesToGo(dst, js.Global().Get("Uint8Array").New(stage.v.Call("getMappedRange", 0, len(dst))))
		stage.v.Call("unmap")
	})
}
