package gpu

import (
	"context"
	"fmt"
	"math/bits"
)

// BufferUse says what a buffer is bound as. Every buffer can also be written,
// read and copied.
type BufferUse uint8

// The uses of a buffer, to be combined with |.
const (
	UseStorage BufferUse = 1 << iota
	UseUniform
)

// The usage bits of the WebGPU specification, the same for every driver.
const (
	usageMapRead      = 0x1
	usageCopySrc      = 0x4
	usageCopyDst      = 0x8
	usageUniform      = 0x40
	usageStorage      = 0x80
	usageQueryResolve = 0x200
)

// Buffer is memory on the device. Close it to give the memory back.
type Buffer struct {
	d     *Device
	raw   rawBuffer
	label string
	size  uint64
	use   BufferUse
	gone  bool // guarded by d.order
}

// NewBuffer allocates size bytes, set to zero. The size is a multiple of 4
// above 0. It returns ErrTooLarge over Limits.MaxBufferSize and ErrOutOfMemory
// over Options.MemoryLimit or the memory of the device.
func (d *Device) NewBuffer(label string, size uint64, use BufferUse) (*Buffer, error) {
	fail := func(err error) (*Buffer, error) {
		return nil, fmt.Errorf("gpu: buffer %q of %s: %w", label, human(size), err)
	}
	if size == 0 || size%4 != 0 {
		return fail(fmt.Errorf("%w: the size must be a multiple of 4 above 0", ErrInvalid))
	}
	if use == 0 || use&^(UseStorage|UseUniform) != 0 {
		return fail(fmt.Errorf("%w: unknown use %#x", ErrInvalid, uint8(use)))
	}
	if err := d.enter(); err != nil {
		return fail(err)
	}
	defer d.life.RUnlock()
	usage := uint32(usageCopySrc | usageCopyDst)
	if use&UseStorage != 0 {
		usage |= usageStorage
	}
	if use&UseUniform != 0 {
		usage |= usageUniform
	}
	raw, err := d.allocate(label, size, usage)
	if err != nil {
		return fail(d.note(err))
	}
	return &Buffer{d: d, raw: raw, label: label, size: size, use: use}, nil
}

// allocate makes a buffer of the driver and counts it.
func (d *Device) allocate(label string, size uint64, usage uint32) (rawBuffer, error) {
	var none rawBuffer
	if size > d.limits.MaxBufferSize {
		return none, fmt.Errorf("%w of %s", ErrTooLarge, human(d.limits.MaxBufferSize))
	}
	if err := d.begin("alloc", size, label); err != nil {
		return none, err
	}
	d.mu.Lock()
	if d.memory > 0 && d.usage.Bytes+size > d.memory {
		live := d.usage.Bytes
		d.mu.Unlock()
		return none, fmt.Errorf("%w: %s in use of the memory limit of %s", ErrOutOfMemory, human(live), human(d.memory))
	}
	d.usage.Bytes += size // before the driver is asked, for concurrent calls
	d.mu.Unlock()

	raw, err := d.drv.newBuffer(label, size, usage)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.usage.Bytes -= size
		return none, err
	}
	d.usage.Peak = max(d.usage.Peak, d.usage.Bytes)
	d.usage.Live++
	d.usage.Created++
	return raw, nil
}

// release frees a buffer of the driver and uncounts it.
func (d *Device) release(raw rawBuffer, size uint64) {
	d.drv.freeBuffer(raw)
	d.mu.Lock()
	d.usage.Bytes -= size
	d.usage.Live--
	d.usage.Destroyed++
	d.mu.Unlock()
}

// Size returns the size in bytes.
func (b *Buffer) Size() uint64 { return b.size }

// Label returns the label given to NewBuffer.
func (b *Buffer) Label() string { return b.label }

// Close frees the memory once queued work has used it. Recordings that bind the
// buffer cannot be submitted any more. A second Close returns ErrClosed.
func (b *Buffer) Close() error {
	if err := b.d.enter(); err != nil {
		return fmt.Errorf("gpu: close: %w", err)
	}
	defer b.d.life.RUnlock()
	b.d.order.Lock()
	defer b.d.order.Unlock()
	if err := b.usable(); err != nil {
		return fmt.Errorf("gpu: close: %w", err)
	}
	b.gone = true
	b.d.release(b.raw, b.size)
	return nil
}

// usable is called with d.order held.
func (b *Buffer) usable() error {
	if b.gone {
		return fmt.Errorf("buffer %q %w", b.label, ErrClosed)
	}
	return nil
}

// span checks that n bytes from offset lie in b, both multiples of 4.
func (b *Buffer) span(d *Device, offset, n uint64) error {
	if b.d != d {
		return fmt.Errorf("%w: buffer %q belongs to another device", ErrInvalid, b.label)
	}
	if offset%4 != 0 || n%4 != 0 {
		return fmt.Errorf("%w: buffer %q: offset %d and length %d must be multiples of 4", ErrInvalid, b.label, offset, n)
	}
	if offset > b.size || n > b.size-offset {
		return fmt.Errorf("%w: buffer %q: bytes %d..%d are past its end at %d", ErrInvalid, b.label, offset, offset+n, b.size)
	}
	return nil
}

// Write copies data into b from offset, after the work queued before and before
// the work queued later. Offset and length are multiples of 4. The data may be
// reused when Write returns.
func (d *Device) Write(b *Buffer, offset uint64, data []byte) error {
	n := uint64(len(data))
	fail := func(err error) error { return fmt.Errorf("gpu: write of %s: %w", human(n), err) }
	if err := b.span(d, offset, n); err != nil {
		return fail(err)
	}
	if n == 0 {
		return nil
	}
	if err := d.enter(); err != nil {
		return fail(err)
	}
	defer d.life.RUnlock()
	if err := d.begin("write", n, b.label); err != nil {
		return fail(err)
	}
	d.order.Lock()
	defer d.order.Unlock()
	if err := b.usable(); err != nil {
		return fail(err)
	}
	if err := d.drv.write(b.raw, offset, data); err != nil {
		return fail(fmt.Errorf("buffer %q: %w", b.label, d.note(err)))
	}
	return nil
}

const (
	// readChunk bounds the staging memory of one Read.
	readChunk = 16 << 20
	// minStaging is the smallest staging buffer; sizes are powers of two.
	minStaging = 4 << 10
	// idleStaging is how many staging buffers of one size are kept.
	idleStaging = 4
)

// Read waits for the work queued before and copies bytes of b from offset into
// dst. Offset and length are multiples of 4. If ctx ends first, the queued work
// goes on and dst holds anything.
func (d *Device) Read(ctx context.Context, b *Buffer, offset uint64, dst []byte) error {
	fail := func(err error) error { return fmt.Errorf("gpu: read of %s: %w", human(uint64(len(dst))), err) }
	if err := b.span(d, offset, uint64(len(dst))); err != nil {
		return fail(err)
	}
	if err := d.enter(); err != nil {
		return fail(err)
	}
	defer d.life.RUnlock()
	for len(dst) > 0 {
		n := min(len(dst), readChunk)
		if err := d.read(ctx, Bind{b, offset, uint64(n)}, dst[:n]); err != nil {
			return fail(err)
		}
		offset += uint64(n)
		dst = dst[n:]
	}
	return nil
}

func (d *Device) read(ctx context.Context, from Bind, dst []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r, err := d.startRead(from)
	if err != nil {
		return err
	}
	return r.wait(ctx, dst)
}

// Readback is a copy of ranges of buffers on its way to the program. It holds
// staging memory until Wait or Discard, one of which is called once.
type Readback struct {
	d           *Device
	label       string // of the first buffer
	stage       rawBuffer
	size, bytes uint64 // of stage, and of the ranges together
}

// StartRead queues a copy of the ranges, whose offsets and sizes are multiples of
// 4, and returns without waiting. The copy is of what the work queued before makes
// of them, whatever is queued later.
func (d *Device) StartRead(ranges ...Bind) (*Readback, error) {
	if err := d.enter(); err != nil {
		return nil, fmt.Errorf("gpu: read: %w", err)
	}
	defer d.life.RUnlock()
	r, err := d.startRead(ranges...)
	if err != nil {
		return nil, fmt.Errorf("gpu: read: %w", err)
	}
	return r, nil
}

func (d *Device) startRead(ranges ...Bind) (_ *Readback, err error) {
	r := &Readback{d: d}
	if len(ranges) == 0 {
		return r, nil
	}
	if ranges, err = d.resolve(ranges); err != nil {
		return nil, err
	}
	for _, from := range ranges {
		r.bytes += from.Size
	}
	r.label = ranges[0].Buffer.label
	if err := d.begin("copy", r.bytes, r.label); err != nil {
		return nil, fmt.Errorf("buffer %q: %w", r.label, err)
	}
	r.size = max(minStaging, uint64(1)<<bits.Len64(r.bytes-1))
	if r.stage, err = d.takeStaging(r.size); err == nil {
		if err = r.fill(ranges); err != nil {
			d.putStaging(r.stage, r.size, false)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("buffer %q: %w", r.label, d.note(err))
	}
	return r, nil
}

func (d *Device) resolve(ranges []Bind) ([]Bind, error) {
	d.order.Lock()
	defer d.order.Unlock()
	whole := make([]Bind, len(ranges))
	for i, b := range ranges {
		var err error
		if whole[i], err = b.resolve(d); err != nil {
			return nil, err
		}
	}
	return whole, nil
}

// fill queues the copies into the staging buffer.
func (r *Readback) fill(ranges []Bind) error {
	stage := &Buffer{d: r.d, raw: r.stage, label: "readback", size: r.size}
	steps, at := make([]rawStep, len(ranges)), uint64(0)
	r.d.order.Lock()
	defer r.d.order.Unlock()
	for i, from := range ranges {
		if err := from.Buffer.usable(); err != nil {
			return err
		}
		steps[i] = copyStep(from, Bind{stage, at, from.Size})
		at += from.Size
	}
	r.d.count(1)
	return r.d.drv.submit(steps)
}

// Bytes is the number of bytes of all ranges.
func (r *Readback) Bytes() int { return int(r.bytes) }

// Wait waits for the copy and puts its bytes into dst, the ranges one behind the
// other. If ctx ends first, the queued work goes on and dst holds anything.
func (r *Readback) Wait(ctx context.Context, dst []byte) error {
	fail := func(err error) error { return fmt.Errorf("gpu: read of %s: %w", human(r.bytes), err) }
	if err := r.d.enter(); err != nil {
		return fail(err)
	}
	defer r.d.life.RUnlock()
	if err := r.wait(ctx, dst); err != nil {
		return fail(err)
	}
	return nil
}

func (r *Readback) wait(ctx context.Context, dst []byte) error {
	if uint64(len(dst)) != r.bytes {
		return fmt.Errorf("%w: %d bytes for the %d of the copy", ErrInvalid, len(dst), r.bytes)
	}
	if r.bytes == 0 {
		return nil
	}
	err := r.d.begin("map", r.bytes, r.label)
	if err == nil {
		err = r.d.drv.read(ctx, r.stage, dst)
	}
	r.d.putStaging(r.stage, r.size, err == nil)
	if err != nil {
		return fmt.Errorf("buffer %q: %w", r.label, r.d.note(err))
	}
	return nil
}

// Discard gives the copy up without waiting for it.
func (r *Readback) Discard() {
	if r.bytes == 0 || r.d.enter() != nil { // Close frees everything
		return
	}
	defer r.d.life.RUnlock()
	r.d.putStaging(r.stage, r.size, true) // later copies into it come behind this one
}

func (d *Device) takeStaging(size uint64) (rawBuffer, error) {
	d.mu.Lock()
	if list := d.staging[size]; len(list) > 0 {
		b := list[len(list)-1]
		d.staging[size] = list[:len(list)-1]
		d.mu.Unlock()
		return b, nil
	}
	d.mu.Unlock()
	return d.allocate("readback", size, usageMapRead|usageCopyDst)
}

// putStaging keeps the buffer for the next Read, or frees it if it is one too
// many or in an unknown state after an error.
func (d *Device) putStaging(b rawBuffer, size uint64, good bool) {
	d.mu.Lock()
	if good && len(d.staging[size]) < idleStaging {
		d.staging[size] = append(d.staging[size], b)
		d.mu.Unlock()
		return
	}
	d.mu.Unlock()
	d.release(b, size)
}

func (d *Device) count(submissions int) {
	d.mu.Lock()
	d.usage.Submissions += submissions
	d.mu.Unlock()
}
