package gpu

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// Access says how a program uses a binding.
type Access uint8

// The accesses of a binding.
const (
	Read      Access = iota // var<storage, read>
	ReadWrite               // var<storage, read_write>
	Uniform                 // var<uniform>
)

// String returns "read", "read-write" or "uniform".
func (a Access) String() string {
	switch a {
	case Read:
		return "read"
	case ReadWrite:
		return "read-write"
	case Uniform:
		return "uniform"
	}
	return fmt.Sprintf("access %d", uint8(a))
}

// Program is a compute shader with the entry point "main". Binding i of its
// only group has Bindings[i].
type Program struct {
	Label    string // the variant, such as conv2d[TILE_M=32]
	File     string // where Code comes from, for errors
	Code     string // WGSL
	Bindings []Access
}

// Pipeline is a compiled program. The device owns and caches it.
type Pipeline struct {
	d     *Device
	raw   rawPipeline
	label string
	binds []Access
}

// Label returns the label of the program that was compiled first.
func (p *Pipeline) Label() string { return p.label }

// compiling is a cache entry; done is closed when pipeline or err is set.
type compiling struct {
	done     chan struct{}
	pipeline *Pipeline
	err      error
}

// Pipeline compiles p, or returns the pipeline compiled before from the same
// Code and Bindings. A program that does not compile gives a *ShaderError.
func (d *Device) Pipeline(ctx context.Context, p Program) (*Pipeline, error) {
	if err := d.checkBindings(p); err != nil {
		return nil, err
	}
	if err := d.enter(); err != nil {
		return nil, fmt.Errorf("gpu: compile %s: %w", p.Label, err)
	}
	defer d.life.RUnlock()
	key := fmt.Sprintf("%v\n%s", p.Bindings, p.Code)
	for {
		d.mu.Lock()
		c, found := d.cache[key]
		if !found {
			c = &compiling{done: make(chan struct{})}
			d.cache[key] = c
		}
		d.mu.Unlock()
		if !found {
			c.pipeline, c.err = d.compile(ctx, p)
			if c.err != nil {
				d.mu.Lock()
				delete(d.cache, key)
				d.mu.Unlock()
			}
			close(c.done)
			return c.pipeline, c.err
		}
		select {
		case <-c.done:
		case <-ctx.Done():
			return nil, fmt.Errorf("gpu: compile %s: %w", p.Label, ctx.Err())
		}
		// A failure of the first caller may be its own cancelled context.
		if c.err == nil || !errors.Is(c.err, context.Canceled) && !errors.Is(c.err, context.DeadlineExceeded) {
			return c.pipeline, c.err
		}
	}
}

func (d *Device) checkBindings(p Program) error {
	var storage, uniform uint32
	for i, a := range p.Bindings {
		switch a {
		case Read, ReadWrite:
			storage++
		case Uniform:
			uniform++
		default:
			return fmt.Errorf("gpu: compile %s: %w: binding %d has %v", p.Label, ErrInvalid, i, a)
		}
	}
	if storage > d.limits.StorageBuffers {
		return fmt.Errorf("gpu: compile %s: %d storage bindings: %w of %d", p.Label, storage, ErrTooLarge, d.limits.StorageBuffers)
	}
	if uniform > d.limits.UniformBuffers {
		return fmt.Errorf("gpu: compile %s: %d uniform bindings: %w of %d", p.Label, uniform, ErrTooLarge, d.limits.UniformBuffers)
	}
	return nil
}

func (d *Device) compile(ctx context.Context, p Program) (*Pipeline, error) {
	fail := func(err error) (*Pipeline, error) {
		return nil, fmt.Errorf("gpu: compile %s: %w", p.Label, err)
	}
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	if err := d.begin("compile", uint64(len(p.Code)), p.Label); err != nil {
		return fail(err)
	}
	raw, diag, err := d.drv.compile(ctx, p.Label, p.Code, p.Bindings)
	if err != nil {
		return fail(d.note(err))
	}
	if diag != nil {
		return nil, &ShaderError{Label: p.Label, File: p.File, Line: diag.line, Column: diag.column, Text: diag.text}
	}
	d.mu.Lock()
	d.usage.Pipelines++
	d.mu.Unlock()
	return &Pipeline{d: d, raw: raw, label: p.Label, binds: p.Bindings}, nil
}

// diagnostic is the first error of a shader compiler; line and column count
// from 1, and are 0 if unknown.
type diagnostic struct {
	line, column int
	text         string
}

// Compile compiles the programs in parallel into the cache that Pipeline reads.
// Before the first and after each one it calls progress (which may be nil) with the
// count so far, from one goroutine at a time. It returns the first error in program order,
// after all programs have been tried.
func (d *Device) Compile(ctx context.Context, programs []Program, progress func(done, total int)) error {
	if progress != nil {
		progress(0, len(programs))
	}
	errs := make([]error, len(programs))
	next := make(chan int)
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range min(len(programs), compilers()) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range next {
				_, errs[i] = d.Pipeline(ctx, programs[i])
				mu.Lock()
				done++
				if progress != nil {
					progress(done, len(programs))
				}
				mu.Unlock()
			}
		}()
	}
	for i := range programs {
		next <- i
	}
	close(next)
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// compilers is how many programs compile at a time. In a browser, where Go has
// one thread, the calls only wait for the browser's own threads.
func compilers() int {
	if runtime.GOOS == "js" {
		return 16
	}
	return runtime.GOMAXPROCS(0)
}
