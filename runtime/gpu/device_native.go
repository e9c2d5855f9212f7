//go:build !js && cgo

package gpu

/*
#cgo CFLAGS: -std=gnu11 -Wall -Wextra -Werror
#include <stdlib.h>
#include "shim_native.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	// The binding brings the library that the shim links to. Its Go half is not
	// called: it hands C the addresses of Go variables and panics on errors.
	_ "github.com/cogentcore/webgpu/wgpu"
)

type (
	rawAdapter struct {
		instance *instance
		adapter  C.WGPUAdapter
		limits   C.WGPULimits
	}
	rawBuffer   struct{ c C.WGPUBuffer }
	rawPipeline struct{ c C.gpu_pipeline }
	rawGroup    struct{ c C.WGPUBindGroup }
	rawEvent    struct{ c *C.gpu_event }
	rawQueries  struct{ c C.WGPUQuerySet }
	rawStep     = C.gpu_step
)

// instance is shared by the adapters of one enumeration and the device opened
// from it.
type instance struct {
	c     C.WGPUInstance
	taken bool // by a driver, which frees it
}

// enumerate lists the adapters that are not OpenGL. The second result frees
// their handles.
func enumerate(context.Context) ([]candidate, func(), error) {
	in := &instance{c: C.gpu_instance()}
	if in.c == nil {
		return nil, nil, errors.New("the WebGPU library did not start")
	}
	handles := make([]C.WGPUAdapter, C.gpu_adapters(in.c, nil))
	if len(handles) > 0 {
		handles = handles[:C.gpu_adapters(in.c, &handles[0])]
	}
	found := make([]candidate, len(handles))
	for i, h := range handles {
		found[i] = describe(in, h)
	}
	return found, func() {
		for _, h := range handles {
			C.wgpuAdapterRelease(h)
		}
		if !in.taken {
			C.wgpuInstanceRelease(in.c)
		}
	}, nil
}

func describe(in *instance, h C.WGPUAdapter) candidate {
	var info C.WGPUAdapterInfo
	C.wgpuAdapterGetInfo(h, &info)
	defer C.wgpuAdapterInfoFreeMembers(info)
	var supported C.WGPUSupportedLimits
	C.wgpuAdapterGetLimits(h, &supported)
	l := supported.limits

	types := map[C.WGPUAdapterType]AdapterType{
		C.WGPUAdapterType_DiscreteGPU: Discrete, C.WGPUAdapterType_IntegratedGPU: Integrated,
		C.WGPUAdapterType_CPU: CPU, C.WGPUAdapterType_Unknown: Virtual,
	}
	backends := map[C.WGPUBackendType]string{
		C.WGPUBackendType_Vulkan: "vulkan", C.WGPUBackendType_Metal: "metal", C.WGPUBackendType_D3D12: "dx12",
	}
	a := Adapter{
		// The library has the name in the description; the other texts repeat ids.
		Name:    C.GoString(info.description),
		Vendor:  vendor(uint32(info.vendorID)),
		Backend: backends[info.backendType],
		Driver:  C.GoString(info.architecture),
		Limits: Limits{
			MaxBufferSize:     uint64(l.maxBufferSize),
			MaxStorageBinding: uint64(l.maxStorageBufferBindingSize),
			MaxUniformBinding: uint64(l.maxUniformBufferBindingSize),
			StorageBuffers:    uint32(l.maxStorageBuffersPerShaderStage),
			UniformBuffers:    uint32(l.maxUniformBuffersPerShaderStage),
			WorkgroupMemory:   uint32(l.maxComputeWorkgroupStorageSize),
			Invocations:       uint32(l.maxComputeInvocationsPerWorkgroup),
			WorkgroupSize: [3]uint32{
				uint32(l.maxComputeWorkgroupSizeX), uint32(l.maxComputeWorkgroupSizeY), uint32(l.maxComputeWorkgroupSizeZ),
			},
			Groups:       uint32(l.maxComputeWorkgroupsPerDimension),
			StorageAlign: uint32(l.minStorageBufferOffsetAlignment),
			UniformAlign: uint32(l.minUniformBufferOffsetAlignment),
		},
	}
	a.Type = classify(types[info.adapterType], a.Name)
	if C.wgpuAdapterHasFeature(h, C.WGPUFeatureName_TimestampQuery) != 0 {
		a.Features = append(a.Features, timestampFeature)
	}
	return candidate{Adapter: a, raw: rawAdapter{instance: in, adapter: h, limits: l}}
}

// vendor names the PCI and Khronos vendor ids that Vulkan drivers report.
func vendor(id uint32) string {
	names := map[uint32]string{
		0x1002: "AMD", 0x1010: "Imagination", 0x106b: "Apple", 0x10de: "NVIDIA", 0x1414: "Microsoft",
		0x13b5: "Arm", 0x5143: "Qualcomm", 0x8086: "Intel", 0x10005: "Mesa", 0x1ae0: "Google",
	}
	if n, ok := names[id]; ok {
		return n
	}
	return fmt.Sprintf("%#x", id)
}

// driver is an open native device.
type driver struct {
	dev C.gpu_device

	// mu guards the queue: writes, submissions, maps and polls. Callbacks run
	// inside of those, so it also guards every gpu_event.
	mu     sync.Mutex
	queued uint64 // bytes written since the last submission
}

func (a rawAdapter) open(_ context.Context, want Limits, label string, timestamps bool) (*driver, error) {
	l := a.limits
	l.maxBufferSize = C.uint64_t(want.MaxBufferSize)
	l.maxStorageBufferBindingSize = C.uint64_t(want.MaxStorageBinding)
	l.maxUniformBufferBindingSize = C.uint64_t(want.MaxUniformBinding)
	l.maxStorageBuffersPerShaderStage = C.uint32_t(want.StorageBuffers)
	l.maxUniformBuffersPerShaderStage = C.uint32_t(want.UniformBuffers)
	l.maxComputeWorkgroupStorageSize = C.uint32_t(want.WorkgroupMemory)
	l.maxComputeInvocationsPerWorkgroup = C.uint32_t(want.Invocations)
	l.maxComputeWorkgroupSizeX = C.uint32_t(want.WorkgroupSize[0])
	l.maxComputeWorkgroupSizeY = C.uint32_t(want.WorkgroupSize[1])
	l.maxComputeWorkgroupSizeZ = C.uint32_t(want.WorkgroupSize[2])
	l.maxComputeWorkgroupsPerDimension = C.uint32_t(want.Groups)
	l.minStorageBufferOffsetAlignment = C.uint32_t(want.StorageAlign)
	l.minUniformBufferOffsetAlignment = C.uint32_t(want.UniformAlign)

	name := C.CString(label)
	defer C.free(unsafe.Pointer(name))
	d := &driver{dev: C.gpu_device{instance: a.instance.c}}
	var e C.gpu_error
	ts := C.int(0)
	if timestamps {
		ts = 1
	}
	if C.gpu_open(a.adapter, name, &l, ts, &d.dev, &e) == 0 {
		return nil, take(&e)
	}
	if err := take(&e); err != nil {
		return nil, err
	}
	a.instance.taken = true
	return d, nil
}

// take turns what a shim call reported into an error, nil if nothing.
func take(e *C.gpu_error) error {
	if e.text == nil {
		return nil
	}
	text := tidy(C.GoString(e.text))
	C.free(unsafe.Pointer(e.text))
	e.text = nil
	kind := kindInvalid
	switch {
	case e._type == C.WGPUErrorType_DeviceLost:
		kind = kindLost
	case e._type == C.WGPUErrorType_OutOfMemory, strings.Contains(text, outOfMemory):
		kind = kindOutOfMemory
	}
	return &driverError{kind: kind, text: text}
}

// outOfMemory is how the library words a failed allocation, which it reports as
// a validation error.
const outOfMemory = "Not enough memory left"

// tidy puts the driver's report on one line: a title, indented causes, and for a
// shader its line with a frame around. What the caller knows is left out: the
// title, the name of the C function, the label and the frame.
func tidy(report string) string {
	if _, causes, ok := strings.Cut(report, "Caused by:"); ok {
		report = causes
	}
	text := ""
	for line := range strings.Lines(report) {
		line = strings.Join(strings.Fields(line), " ")
		known := strings.HasPrefix(line, "In wgpu") || strings.HasPrefix(line, "note: label") || strings.ContainsAny(line, "│┌")
		if !known && !strings.Contains(text, line) {
			text += "; " + line
		}
	}
	return strings.ReplaceAll(strings.TrimPrefix(text, "; "), ":;", ":")
}

func (d *driver) close() { C.gpu_close(&d.dev) }

func (d *driver) pending() error {
	var e C.gpu_error
	C.gpu_pending(&d.dev, &e)
	return take(&e)
}

func (d *driver) newBuffer(label string, size uint64, usage uint32) (rawBuffer, error) {
	name := C.CString(label)
	defer C.free(unsafe.Pointer(name))
	var e C.gpu_error
	b := C.gpu_buffer(&d.dev, name, C.uint32_t(usage), C.uint64_t(size), &e)
	return rawBuffer{b}, take(&e)
}

func (d *driver) freeBuffer(b rawBuffer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	C.wgpuBufferDestroy(b.c)
	C.wgpuBufferRelease(b.c)
}

const (
	// writePiece bounds the staging memory that the library takes at a time.
	writePiece = 16 << 20
	// writeFlush is how much is written before the staging memory is recycled.
	writeFlush = 64 << 20
)

func (d *driver) write(b rawBuffer, offset uint64, data []byte) error {
	for len(data) > 0 {
		n := min(len(data), writePiece)
		if err := d.writePiece(b, offset, data[:n]); err != nil {
			return err
		}
		offset += uint64(n)
		data = data[n:]
	}
	return nil
}

// writePiece queues one write. The library copies the data and keeps the copy
// until the submission after it is done, so a long series of writes is flushed.
func (d *driver) writePiece(b rawBuffer, offset uint64, data []byte) error {
	d.mu.Lock()
	var e C.gpu_error
	C.gpu_write(&d.dev, b.c, C.uint64_t(offset), unsafe.Pointer(&data[0]), C.size_t(len(data)), &e)
	d.queued += uint64(len(data))
	full := d.queued >= writeFlush
	d.mu.Unlock()
	if err := take(&e); err != nil || !full {
		return err
	}
	if err := d.submit(nil); err != nil {
		return err
	}
	return d.wait(context.Background())
}

func (d *driver) compile(_ context.Context, label, code string, bindings []Access) (rawPipeline, *diagnostic, error) {
	var p rawPipeline
	if strings.Contains(code, "\x00") {
		return p, &diagnostic{text: "the code holds a zero byte"}, nil
	}
	name, text := C.CString(label), C.CString(code)
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(text))
	types := make([]C.uint32_t, len(bindings)+1)
	for i, a := range bindings {
		types[i] = map[Access]C.uint32_t{
			Read: C.WGPUBufferBindingType_ReadOnlyStorage, ReadWrite: C.WGPUBufferBindingType_Storage, Uniform: C.WGPUBufferBindingType_Uniform,
		}[a]
	}
	var e C.gpu_error
	if C.gpu_compile(&d.dev, name, text, &types[0], C.size_t(len(bindings)), &p.c, &e) != 0 {
		return p, nil, nil
	}
	report := C.GoString(e.text)
	if err := take(&e); !errors.Is(err, ErrInvalid) {
		return p, nil, err
	}
	return p, diagnose(report), nil
}

// shaderPlace is the head of the frame, such as "┌─ wgsl:4:9".
var shaderPlace = regexp.MustCompile(`┌─ .*:(\d+):(\d+)`)

// diagnose reads line, column and text out of the library's report.
func diagnose(report string) *diagnostic {
	d := &diagnostic{text: tidy(report)}
	if m := shaderPlace.FindStringSubmatch(report); m != nil {
		d.line, _ = strconv.Atoi(m[1])
		d.column, _ = strconv.Atoi(m[2])
	}
	return d
}

func (d *driver) freePipeline(p rawPipeline) {
	C.wgpuComputePipelineRelease(p.c.pipeline)
	C.wgpuBindGroupLayoutRelease(p.c.layout)
}

func (d *driver) group(label string, p rawPipeline, binds []Bind) (rawGroup, error) {
	name := C.CString(label)
	defer C.free(unsafe.Pointer(name))
	list := make([]C.gpu_bind, len(binds)+1)
	for i, b := range binds {
		list[i] = C.gpu_bind{buffer: b.Buffer.raw.c, offset: C.uint64_t(b.Offset), size: C.uint64_t(b.Size)}
	}
	var e C.gpu_error
	g := C.gpu_group(&d.dev, name, p.c.layout, &list[0], C.size_t(len(binds)), &e)
	return rawGroup{g}, take(&e)
}

func (d *driver) freeGroup(g rawGroup) { C.wgpuBindGroupRelease(g.c) }

func dispatchStep(p rawPipeline, g rawGroup, groups [3]uint32) rawStep {
	return rawStep{
		pipeline: p.c.pipeline, group: g.c,
		x: C.uint32_t(groups[0]), y: C.uint32_t(groups[1]), z: C.uint32_t(groups[2]),
	}
}

func copyStep(src, dst Bind) rawStep {
	return rawStep{
		src: src.Buffer.raw.c, src_offset: C.uint64_t(src.Offset),
		dst: dst.Buffer.raw.c, dst_offset: C.uint64_t(dst.Offset), size: C.uint64_t(src.Size),
	}
}

// guard collects errors that a driver reports after the call. This one reports
// them in the call.
func (d *driver) guard(f func() error) error { return f() }

// check encodes the steps without submitting them.
func (d *driver) check(steps []rawStep) error {
	var e C.gpu_error
	C.gpu_check(&d.dev, unsafe.SliceData(steps), C.size_t(len(steps)), &e)
	return take(&e)
}

func (d *driver) submit(steps []rawStep) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.submitLocked(steps, rawQueries{})
}

// submitLocked is called with d.mu held.
func (d *driver) submitLocked(steps []rawStep, q rawQueries) error {
	var e C.gpu_error
	C.gpu_submit(&d.dev, unsafe.SliceData(steps), C.size_t(len(steps)), q.c, &e)
	d.queued = 0
	return take(&e)
}

func (d *driver) newQueries(n int) (rawQueries, error) {
	var e C.gpu_error
	set := C.gpu_queries(&d.dev, C.uint32_t(n), &e)
	return rawQueries{set}, take(&e)
}

func (d *driver) freeQueries(q rawQueries) { C.wgpuQuerySetRelease(q.c) }

// submitStamped submits the steps, writes the ticks before and after step i to
// queries 2i and 2i+1, and all queries to dst.
func (d *driver) submitStamped(steps []rawStep, q rawQueries, dst rawBuffer) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.submitLocked(steps, q); err != nil {
		return err
	}
	return d.resolve(q, 2*len(steps), dst)
}

// submitStamp writes the present tick to dst.
func (d *driver) submitStamp(q rawQueries, dst rawBuffer) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var e C.gpu_error
	C.gpu_stamp(&d.dev, q.c, &e)
	if err := take(&e); err != nil {
		return err
	}
	return d.resolve(q, 2, dst)
}

func (d *driver) resolve(q rawQueries, n int, dst rawBuffer) error {
	var e C.gpu_error
	C.gpu_resolve(&d.dev, q.c, C.uint32_t(n), dst.c, &e)
	return take(&e)
}

func (d *driver) wait(ctx context.Context) error {
	event, err := d.fence()
	if err != nil {
		return err
	}
	return d.await(ctx, event)
}

// fence fires when the work submitted so far is done. await frees it.
func (d *driver) fence() (rawEvent, error) {
	return d.event(func(e *C.gpu_error) *C.gpu_event { return C.gpu_work_done(&d.dev, e) })
}

// event asks for a completion.
func (d *driver) event(ask func(*C.gpu_error) *C.gpu_event) (rawEvent, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var e C.gpu_error
	event := ask(&e)
	if err := take(&e); err != nil {
		C.gpu_event_drop(event)
		return rawEvent{}, err
	}
	return rawEvent{event}, nil
}

// await polls until the event has fired or ctx ends, and frees the event. It
// never blocks in C: a blocking poll could not be cancelled, and it would hold
// up the calls of other goroutines.
func (d *driver) await(ctx context.Context, event rawEvent) error {
	const spins, first, last = 64, 20 * time.Microsecond, 200 * time.Microsecond
	rest := first
	for i := 0; ; i++ {
		if ctx.Err() != nil {
			d.mu.Lock()
			C.gpu_event_drop(event.c)
			d.mu.Unlock()
			return ctx.Err()
		}
		if fired, err := d.poll(event.c); fired || err != nil {
			return err
		}
		if i < spins {
			runtime.Gosched()
			continue
		}
		pause(rest)
		rest = min(rest*5/4, last)
	}
}

// poll runs the callbacks that are due. The event is freed if it has fired.
func (d *driver) poll(event *C.gpu_event) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var e C.gpu_error
	C.gpu_poll(&d.dev, &e)
	if event.fired == 0 {
		err := take(&e)
		if err != nil {
			C.gpu_event_drop(event)
		}
		return false, err
	}
	status := event.status
	C.gpu_event_drop(event)
	if err := take(&e); err != nil {
		return true, err
	}
	if status != 0 {
		return true, &driverError{text: fmt.Sprintf("completion status %d", status)}
	}
	return true, nil
}

// read maps a staging buffer, once the work queued before is done, and copies its
// bytes.
func (d *driver) read(ctx context.Context, stage rawBuffer, dst []byte) error {
	event, err := d.event(func(e *C.gpu_error) *C.gpu_event { return C.gpu_map(&d.dev, stage.c, C.size_t(len(dst)), e) })
	if err != nil {
		return err
	}
	if err := d.await(ctx, event); err != nil {
		return err
	}
	p := C.wgpuBufferGetConstMappedRange(stage.c, 0, C.size_t(len(dst)))
	if p == nil {
		return &driverError{text: "the mapped range is empty"}
	}
	copy(dst, unsafe.Slice((*byte)(p), len(dst)))
	d.mu.Lock()
	C.wgpuBufferUnmap(stage.c)
	d.mu.Unlock()
	return nil
}
