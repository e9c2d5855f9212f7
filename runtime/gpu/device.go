package gpu

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Options configure Open. The zero value takes the best adapter with all it has.
type Options struct {
	// Device is "auto" (or ""), "cpu" for a CPU adapter, or an Adapter.Index.
	Device string
	// Limits asks for no more than these; nil asks for all the adapter has.
	Limits *Limits
	// MemoryLimit makes NewBuffer fail with ErrOutOfMemory above so many live
	// bytes; 0 sets no limit.
	MemoryLimit uint64
	// Fault, if set, is called before each operation that can fail and makes it
	// fail by returning an error; ErrLost also marks the device as lost. It is
	// called from the goroutine of the operation.
	Fault func(FaultPoint) error
	// Label names the device in driver messages.
	Label string
	// Measure measures Adapter.UniformSpeed anew instead of taking what is known of the adapter.
	Measure bool
}

// FaultPoint is one operation that is about to run.
type FaultPoint struct {
	Op    string // "alloc", "write", "compile", "submit", or of a readback "copy" and "map"
	N     int    // how many of Op ran before, from 0
	Bytes uint64 // size of the buffer, the data or the code; 0 for "submit"
	Label string // of the buffer, the program or the recording
}

// Usage counts what a device holds and did. Readback staging is included.
type Usage struct {
	Live, Created, Destroyed int // buffers
	Bytes, Peak              uint64
	Pipelines, Submissions   int
}

// Device is an open adapter. Its methods are safe for concurrent use; work
// runs in the order of the Submit, Write and Read calls.
type Device struct {
	drv      *driver
	adapter  Adapter
	limits   Limits
	memory   uint64
	fault    func(FaultPoint) error
	lostOnce sync.Once
	lostCh   chan struct{}

	life   sync.RWMutex // held for reading by every call, for writing by Close
	closed bool         // guarded by life

	// order is held from the check that the buffers are open until the work on
	// them is queued.
	order sync.Mutex

	mu      sync.Mutex // guards the rest
	lostErr error
	usage   Usage
	ops     map[string]int
	staging map[uint64][]rawBuffer
	cache   map[string]*compiling
}

// Open opens the adapter that o.Device names. It returns ErrNoAdapter if there
// is no such adapter.
func Open(ctx context.Context, o Options) (*Device, error) {
	found, release, err := candidates(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	c, err := choose(found, o.Device)
	if err != nil {
		return nil, fmt.Errorf("gpu: open: %w", err)
	}
	if c.UniformSpeed, err = uniformSpeed(ctx, c.Adapter, o.Measure); err != nil {
		return nil, fmt.Errorf("gpu: open %q: %w", c.Name, err)
	}
	return c.open(ctx, o)
}

// open opens a device, once for a candidate.
func (c candidate) open(ctx context.Context, o Options) (*Device, error) {
	limits := c.Limits
	if o.Limits != nil {
		limits = limits.atMost(*o.Limits)
	}
	drv, err := c.raw.open(ctx, limits, o.Label, slices.Contains(c.Features, timestampFeature))
	if err != nil {
		return nil, fmt.Errorf("gpu: open %q: %w", c.Name, err)
	}
	return &Device{
		drv: drv, adapter: c.Adapter, limits: limits, memory: o.MemoryLimit, fault: o.Fault,
		lostCh: make(chan struct{}), ops: map[string]int{}, staging: map[uint64][]rawBuffer{}, cache: map[string]*compiling{},
	}, nil
}

// Adapter returns the adapter that the device was opened on.
func (d *Device) Adapter() Adapter { return d.adapter }

// Limits returns what the device grants: the adapter's limits cut to
// Options.Limits.
func (d *Device) Limits() Limits { return d.limits }

// Used returns the counts so far.
func (d *Device) Used() Usage {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.usage
}

// Timestamps says whether Profile reads the device's own clock.
func (d *Device) Timestamps() bool { return slices.Contains(d.adapter.Features, timestampFeature) }

// Warning returns a sentence for the user if the device will be slow, or "".
func (d *Device) Warning() string {
	if d.adapter.Type != CPU {
		return ""
	}
	return fmt.Sprintf("no GPU in use: %s runs on the CPU, expect it to be 10 to 100 times slower", d.adapter.Name)
}

// Lost is closed when the device is found to be lost, which the next call that
// reaches the driver finds. Native drivers may end the process instead.
func (d *Device) Lost() <-chan struct{} { return d.lostCh }

// Err returns why the device is lost, or nil.
func (d *Device) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lostErr
}

// Close waits for running calls and for queued work, and frees the device with
// every buffer, pipeline and recording of it. A second Close returns ErrClosed.
func (d *Device) Close() error {
	d.life.Lock()
	defer d.life.Unlock()
	if d.closed {
		return fmt.Errorf("gpu: close: device %w", ErrClosed)
	}
	d.closed = true
	var err error
	if d.Err() == nil {
		err = d.drv.wait(context.Background())
	}
	for _, c := range d.cache {
		if c.pipeline != nil {
			d.drv.freePipeline(c.pipeline.raw)
		}
	}
	for _, list := range d.staging {
		for _, b := range list {
			d.drv.freeBuffer(b)
		}
	}
	d.drv.close()
	if err != nil {
		return fmt.Errorf("gpu: close: %w", err)
	}
	return nil
}

// enter keeps the device open until d.life.RUnlock, or says that it is closed.
func (d *Device) enter() error {
	d.life.RLock()
	if d.closed {
		d.life.RUnlock()
		return fmt.Errorf("device %w", ErrClosed)
	}
	return nil
}

// begin runs the fault hook and reports what went wrong since the last call.
func (d *Device) begin(op string, n uint64, label string) error {
	if err := d.Err(); err != nil {
		return err
	}
	if err := d.drv.pending(); err != nil {
		return d.note(err)
	}
	if d.fault == nil {
		return nil
	}
	d.mu.Lock()
	p := FaultPoint{Op: op, N: d.ops[op], Bytes: n, Label: label}
	d.ops[op]++
	d.mu.Unlock()
	return d.note(d.fault(p))
}

// note marks the device as lost if err says so, and returns err.
func (d *Device) note(err error) error {
	if err != nil && errors.Is(err, ErrLost) {
		d.lostOnce.Do(func() {
			d.mu.Lock()
			d.lostErr = err
			d.mu.Unlock()
			close(d.lostCh)
		})
	}
	return err
}
