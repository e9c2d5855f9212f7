// The C side of the native driver. Every callback of the binding lands in C
// memory: nothing here points into Go memory once a call has returned.
#ifndef DRDC_SHIM_NATIVE_H
#define DRDC_SHIM_NATIVE_H

#include "abi_native.h"

// An error reported while a shim call ran. text is malloc'ed, NULL if none.
typedef struct {
	int type; // WGPUErrorType
	char *text;
} gpu_error;

// What a device reports outside of any call. Owned by C, freed with gpu_close.
typedef struct gpu_state gpu_state;

// The completion of a map or of the submitted work. Owned by C: after
// gpu_event_drop it frees itself when its callback has run.
typedef struct {
	int fired;
	int status;
	int dropped;
} gpu_event;

// One recorded command: a dispatch if pipeline is set, otherwise a copy.
typedef struct {
	WGPUComputePipeline pipeline;
	WGPUBindGroup group;
	uint32_t x, y, z;
	WGPUBuffer src, dst;
	uint64_t src_offset, dst_offset, size;
} gpu_step;

typedef struct {
	WGPUBindGroupLayout layout;
	WGPUComputePipeline pipeline;
} gpu_pipeline;

typedef struct {
	WGPUBuffer buffer;
	uint64_t offset, size;
} gpu_bind;

typedef struct {
	WGPUInstance instance;
	WGPUDevice device;
	WGPUQueue queue;
	gpu_state *state;
} gpu_device;

WGPUInstance gpu_instance(void);
size_t gpu_adapters(WGPUInstance instance, WGPUAdapter *adapters);
int gpu_open(WGPUAdapter adapter, char const *label, WGPULimits const *limits, int timestamps, gpu_device *out, gpu_error *err);
void gpu_close(gpu_device *d);

// gpu_pending moves an error stored between calls into err, or the reason of a
// lost device; it returns 1 if the device is lost.
int gpu_pending(gpu_device *d, gpu_error *err);

WGPUBuffer gpu_buffer(gpu_device *d, char const *label, uint32_t usage, uint64_t size, gpu_error *err);
int gpu_compile(gpu_device *d, char const *label, char const *code, uint32_t const *types, size_t n, gpu_pipeline *out, gpu_error *err);
WGPUBindGroup gpu_group(gpu_device *d, char const *label, WGPUBindGroupLayout layout, gpu_bind const *binds, size_t n, gpu_error *err);
void gpu_write(gpu_device *d, WGPUBuffer b, uint64_t offset, void const *data, size_t size, gpu_error *err);

// gpu_check encodes steps and drops the result: errors of the steps come out.
void gpu_check(gpu_device *d, gpu_step const *steps, size_t n, gpu_error *err);

// gpu_submit encodes and submits steps. With a query set, each dispatch gets a
// pass of its own whose start and end are written to queries 2i and 2i+1.
void gpu_submit(gpu_device *d, gpu_step const *steps, size_t n, WGPUQuerySet set, gpu_error *err);

WGPUQuerySet gpu_queries(gpu_device *d, uint32_t count, gpu_error *err);

// gpu_stamp submits an empty pass that writes queries 0 and 1.
void gpu_stamp(gpu_device *d, WGPUQuerySet set, gpu_error *err);

// gpu_resolve queues a copy of the first count queries to dst, 8 bytes each.
void gpu_resolve(gpu_device *d, WGPUQuerySet set, uint32_t count, WGPUBuffer dst, gpu_error *err);

gpu_event *gpu_map(gpu_device *d, WGPUBuffer b, size_t size, gpu_error *err);
gpu_event *gpu_work_done(gpu_device *d, gpu_error *err);
void gpu_event_drop(gpu_event *e);
int gpu_poll(gpu_device *d, gpu_error *err);

#endif
