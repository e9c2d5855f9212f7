//go:build !js && cgo

#include "shim_native.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct gpu_state {
	atomic_flag lock;
	int lost;
	char *lost_text;
	gpu_error error;
};

// The binding reports an error on the thread that made the failing call and
// before that call returns, so the error belongs to the call that set current.
static _Thread_local gpu_error *current;

static char *copy(char const *s) {
	if (s == NULL) s = "no message";
	size_t n = strlen(s) + 1;
	char *c = malloc(n);
	if (c != NULL) memcpy(c, s, n);
	return c;
}

static void set(gpu_error *e, int type, char const *text) {
	if (e->text != NULL) return; // the first error is the cause
	e->type = type;
	e->text = copy(text);
}

static void lock(gpu_state *s) {
	while (atomic_flag_test_and_set(&s->lock)) {
	}
}

static void unlock(gpu_state *s) { atomic_flag_clear(&s->lock); }

static void on_error(WGPUErrorType type, char const *text, void *userdata) {
	if (type == WGPUErrorType_NoError) return;
	if (current != NULL) {
		set(current, type, text);
		return;
	}
	gpu_state *s = userdata;
	lock(s);
	set(&s->error, type, text);
	unlock(s);
}

static void on_lost(WGPUDeviceLostReason reason, char const *text, void *userdata) {
	if (reason == WGPUDeviceLostReason_Destroyed) return;
	gpu_state *s = userdata;
	lock(s);
	s->lost = 1;
	if (s->lost_text == NULL) s->lost_text = copy(text);
	unlock(s);
}

static void on_device(WGPURequestDeviceStatus status, WGPUDevice device, char const *text, void *userdata) {
	gpu_device *d = userdata;
	if (status == WGPURequestDeviceStatus_Success) {
		d->device = device;
	} else if (current != NULL) {
		set(current, WGPUErrorType_Unknown, text);
	}
}

// Without OpenGL: it is slow, and even loading it prints to standard error.
static WGPUFlags const backends = WGPUInstanceBackend_Vulkan | WGPUInstanceBackend_Metal | WGPUInstanceBackend_DX12;

WGPUInstance gpu_instance(void) {
	wgpuSetLogLevel(WGPULogLevel_Off);
	WGPUInstanceExtras extras = {.chain = {.sType = (WGPUSType)WGPUSType_InstanceExtras}, .backends = backends};
	WGPUInstanceDescriptor desc = {.nextInChain = &extras.chain};
	return wgpuCreateInstance(&desc);
}

size_t gpu_adapters(WGPUInstance instance, WGPUAdapter *adapters) {
	WGPUInstanceEnumerateAdapterOptions options = {.backends = backends};
	return wgpuInstanceEnumerateAdapters(instance, &options, adapters);
}

int gpu_open(WGPUAdapter adapter, char const *label, WGPULimits const *limits, int timestamps, gpu_device *out, gpu_error *err) {
	gpu_state *s = calloc(1, sizeof *s);
	WGPURequiredLimits required = {.limits = *limits};
	WGPUFeatureName feature = WGPUFeatureName_TimestampQuery;
	WGPUDeviceDescriptor desc = {
		.label = label,
		.requiredFeatureCount = timestamps ? 1 : 0,
		.requiredFeatures = &feature,
		.requiredLimits = &required,
		.deviceLostCallback = on_lost,
		.deviceLostUserdata = s,
		.uncapturedErrorCallbackInfo = {.callback = on_error, .userdata = s},
	};
	gpu_device d = {.instance = out->instance};
	current = err;
	wgpuAdapterRequestDevice(adapter, &desc, on_device, &d);
	if (d.device != NULL) d.queue = wgpuDeviceGetQueue(d.device);
	current = NULL;
	if (d.device == NULL) {
		free(s);
		return 0;
	}
	d.state = s;
	*out = d;
	return 1;
}

void gpu_close(gpu_device *d) {
	wgpuQueueRelease(d->queue);
	wgpuDeviceRelease(d->device);
	wgpuInstanceRelease(d->instance);
	free(d->state->error.text);
	free(d->state->lost_text);
	free(d->state);
}

int gpu_pending(gpu_device *d, gpu_error *err) {
	gpu_state *s = d->state;
	lock(s);
	int lost = s->lost;
	if (lost) {
		set(err, WGPUErrorType_DeviceLost, s->lost_text);
	} else if (s->error.text != NULL) {
		*err = s->error;
		s->error.text = NULL;
	}
	unlock(s);
	return lost;
}

WGPUBuffer gpu_buffer(gpu_device *d, char const *label, uint32_t usage, uint64_t size, gpu_error *err) {
	WGPUBufferDescriptor desc = {.label = label, .usage = usage, .size = size};
	current = err;
	WGPUBuffer b = wgpuDeviceCreateBuffer(d->device, &desc);
	current = NULL;
	if (err->text != NULL && b != NULL) {
		wgpuBufferRelease(b);
		b = NULL;
	}
	return b;
}

int gpu_compile(gpu_device *d, char const *label, char const *code, uint32_t const *types, size_t n, gpu_pipeline *out, gpu_error *err) {
	WGPUBindGroupLayoutEntry *entries = calloc(n + 1, sizeof *entries);
	for (size_t i = 0; i < n; i++) {
		entries[i].binding = (uint32_t)i;
		entries[i].visibility = WGPUShaderStage_Compute;
		entries[i].buffer.type = types[i];
	}
	WGPUShaderModuleWGSLDescriptor wgsl = {.chain = {.sType = WGPUSType_ShaderModuleWGSLDescriptor}, .code = code};
	WGPUShaderModuleDescriptor module_desc = {.nextInChain = &wgsl.chain, .label = label};
	WGPUBindGroupLayoutDescriptor group_desc = {.label = label, .entryCount = n, .entries = entries};
	WGPUPipelineLayout layout = NULL;
	gpu_pipeline p = {0};

	current = err;
	WGPUShaderModule module = wgpuDeviceCreateShaderModule(d->device, &module_desc);
	if (err->text == NULL) p.layout = wgpuDeviceCreateBindGroupLayout(d->device, &group_desc);
	if (err->text == NULL) {
		WGPUPipelineLayoutDescriptor desc = {.label = label, .bindGroupLayoutCount = 1, .bindGroupLayouts = &p.layout};
		layout = wgpuDeviceCreatePipelineLayout(d->device, &desc);
	}
	if (err->text == NULL) {
		WGPUComputePipelineDescriptor desc = {.label = label, .layout = layout, .compute = {.module = module, .entryPoint = "main"}};
		p.pipeline = wgpuDeviceCreateComputePipeline(d->device, &desc);
	}
	if (module != NULL) wgpuShaderModuleRelease(module);
	if (layout != NULL) wgpuPipelineLayoutRelease(layout);
	if (err->text != NULL) {
		if (p.pipeline != NULL) wgpuComputePipelineRelease(p.pipeline);
		if (p.layout != NULL) wgpuBindGroupLayoutRelease(p.layout);
	} else {
		*out = p;
	}
	current = NULL;
	free(entries);
	return err->text == NULL;
}

WGPUBindGroup gpu_group(gpu_device *d, char const *label, WGPUBindGroupLayout layout, gpu_bind const *binds, size_t n, gpu_error *err) {
	WGPUBindGroupEntry *entries = calloc(n + 1, sizeof *entries);
	for (size_t i = 0; i < n; i++) {
		entries[i].binding = (uint32_t)i;
		entries[i].buffer = binds[i].buffer;
		entries[i].offset = binds[i].offset;
		entries[i].size = binds[i].size;
	}
	WGPUBindGroupDescriptor desc = {.label = label, .layout = layout, .entryCount = n, .entries = entries};
	current = err;
	WGPUBindGroup g = wgpuDeviceCreateBindGroup(d->device, &desc);
	if (err->text != NULL && g != NULL) {
		wgpuBindGroupRelease(g);
		g = NULL;
	}
	current = NULL;
	free(entries);
	return g;
}

void gpu_write(gpu_device *d, WGPUBuffer b, uint64_t offset, void const *data, size_t size, gpu_error *err) {
	current = err;
	wgpuQueueWriteBuffer(d->queue, b, offset, data, size);
	current = NULL;
}

static WGPUCommandEncoder begin(gpu_device *d) {
	WGPUCommandEncoderDescriptor desc = {0};
	return wgpuDeviceCreateCommandEncoder(d->device, &desc);
}

// finish ends the encoder and, if queue is set and all went well, submits.
static void finish(WGPUCommandEncoder encoder, WGPUQueue queue, gpu_error *err) {
	WGPUCommandBufferDescriptor desc = {0};
	WGPUCommandBuffer commands = err->text == NULL ? wgpuCommandEncoderFinish(encoder, &desc) : NULL;
	if (queue != NULL && err->text == NULL) wgpuQueueSubmit(queue, 1, &commands);
	if (commands != NULL) wgpuCommandBufferRelease(commands);
	wgpuCommandEncoderRelease(encoder);
}

static void end_pass(WGPUComputePassEncoder *pass) {
	if (*pass == NULL) return;
	wgpuComputePassEncoderEnd(*pass);
	wgpuComputePassEncoderRelease(*pass);
	*pass = NULL;
}

static WGPUComputePassEncoder begin_pass(WGPUCommandEncoder encoder, WGPUQuerySet set, uint32_t first) {
	WGPUComputePassTimestampWrites writes = {set, first, first + 1};
	WGPUComputePassDescriptor desc = {.timestampWrites = set != NULL ? &writes : NULL};
	return wgpuCommandEncoderBeginComputePass(encoder, &desc);
}

static void encode(WGPUCommandEncoder encoder, gpu_step const *steps, size_t n, WGPUQuerySet set, gpu_error *err) {
	WGPUComputePassEncoder pass = NULL;
	for (size_t i = 0; i < n && err->text == NULL; i++) {
		gpu_step const *s = &steps[i];
		if (s->pipeline == NULL || set != NULL) end_pass(&pass);
		if (s->pipeline == NULL) {
			wgpuCommandEncoderCopyBufferToBuffer(encoder, s->src, s->src_offset, s->dst, s->dst_offset, s->size);
			// Its queries must be written too: a resolve waits for all of them.
			if (set != NULL) pass = begin_pass(encoder, set, (uint32_t)(2 * i));
			continue;
		}
		if (pass == NULL) pass = begin_pass(encoder, set, (uint32_t)(2 * i));
		wgpuComputePassEncoderSetPipeline(pass, s->pipeline);
		wgpuComputePassEncoderSetBindGroup(pass, 0, s->group, 0, NULL);
		wgpuComputePassEncoderDispatchWorkgroups(pass, s->x, s->y, s->z);
	}
	end_pass(&pass);
}

void gpu_check(gpu_device *d, gpu_step const *steps, size_t n, gpu_error *err) {
	current = err;
	WGPUCommandEncoder encoder = begin(d);
	encode(encoder, steps, n, NULL, err);
	finish(encoder, NULL, err);
	current = NULL;
}

void gpu_submit(gpu_device *d, gpu_step const *steps, size_t n, WGPUQuerySet set, gpu_error *err) {
	current = err;
	WGPUCommandEncoder encoder = begin(d);
	encode(encoder, steps, n, set, err);
	finish(encoder, d->queue, err);
	current = NULL;
}

WGPUQuerySet gpu_queries(gpu_device *d, uint32_t count, gpu_error *err) {
	WGPUQuerySetDescriptor desc = {.type = WGPUQueryType_Timestamp, .count = count};
	current = err;
	WGPUQuerySet set = wgpuDeviceCreateQuerySet(d->device, &desc);
	if (err->text != NULL && set != NULL) {
		wgpuQuerySetRelease(set);
		set = NULL;
	}
	current = NULL;
	return set;
}

void gpu_stamp(gpu_device *d, WGPUQuerySet set, gpu_error *err) {
	current = err;
	WGPUCommandEncoder encoder = begin(d);
	WGPUComputePassEncoder pass = begin_pass(encoder, set, 0);
	end_pass(&pass);
	finish(encoder, d->queue, err);
	current = NULL;
}

void gpu_resolve(gpu_device *d, WGPUQuerySet set, uint32_t count, WGPUBuffer dst, gpu_error *err) {
	current = err;
	WGPUCommandEncoder encoder = begin(d);
	wgpuCommandEncoderResolveQuerySet(encoder, set, 0, count, dst, 0);
	finish(encoder, d->queue, err);
	current = NULL;
}

static void fire(gpu_event *e, int status) {
	if (e->dropped) {
		free(e);
		return;
	}
	e->status = status;
	e->fired = 1;
}

static void on_map(WGPUBufferMapAsyncStatus status, void *userdata) { fire(userdata, (int)status); }

static void on_done(WGPUQueueWorkDoneStatus status, void *userdata) { fire(userdata, (int)status); }

gpu_event *gpu_map(gpu_device *d, WGPUBuffer b, size_t size, gpu_error *err) {
	(void)d;
	gpu_event *e = calloc(1, sizeof *e);
	current = err;
	wgpuBufferMapAsync(b, WGPUMapMode_Read, 0, size, on_map, e);
	current = NULL;
	return e;
}

gpu_event *gpu_work_done(gpu_device *d, gpu_error *err) {
	gpu_event *e = calloc(1, sizeof *e);
	current = err;
	wgpuQueueOnSubmittedWorkDone(d->queue, on_done, e);
	current = NULL;
	return e;
}

void gpu_event_drop(gpu_event *e) {
	if (e->fired) {
		free(e);
	} else {
		e->dropped = 1;
	}
}

int gpu_poll(gpu_device *d, gpu_error *err) {
	current = err;
	WGPUBool idle = wgpuDevicePoll(d->device, 0, NULL);
	current = NULL;
	return (int)idle;
}
