// The part of the WebGPU C interface (v0.23.0 of the binding) that shim_native.c
// calls. The binding's own header is not on another package's include path, so
// the few declarations in use stand here; TestABI compiles both and compares
// every size, offset and prototype.
#ifndef DRDC_ABI_NATIVE_H
#define DRDC_ABI_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#ifndef WGPU_H_

typedef uint32_t WGPUBool;
typedef uint32_t WGPUFlags;
typedef struct WGPUInstanceImpl *WGPUInstance;
typedef struct WGPUAdapterImpl *WGPUAdapter;
typedef struct WGPUDeviceImpl *WGPUDevice;
typedef struct WGPUQueueImpl *WGPUQueue;
typedef struct WGPUBufferImpl *WGPUBuffer;
typedef struct WGPUShaderModuleImpl *WGPUShaderModule;
typedef struct WGPUBindGroupLayoutImpl *WGPUBindGroupLayout;
typedef struct WGPUPipelineLayoutImpl *WGPUPipelineLayout;
typedef struct WGPUComputePipelineImpl *WGPUComputePipeline;
typedef struct WGPUBindGroupImpl *WGPUBindGroup;
typedef struct WGPUQuerySetImpl *WGPUQuerySet;
typedef struct WGPUCommandEncoderImpl *WGPUCommandEncoder;
typedef struct WGPUCommandBufferImpl *WGPUCommandBuffer;
typedef struct WGPUComputePassEncoderImpl *WGPUComputePassEncoder;
typedef struct WGPUSamplerImpl *WGPUSampler;
typedef struct WGPUTextureViewImpl *WGPUTextureView;

typedef enum { WGPUAdapterType_DiscreteGPU, WGPUAdapterType_IntegratedGPU, WGPUAdapterType_CPU, WGPUAdapterType_Unknown, WGPUAdapterType_Force32 = 0x7FFFFFFF } WGPUAdapterType;
typedef enum { WGPUBackendType_D3D12 = 4, WGPUBackendType_Metal = 5, WGPUBackendType_Vulkan = 6, WGPUBackendType_Force32 = 0x7FFFFFFF } WGPUBackendType;
typedef enum { WGPUBufferBindingType_Uniform = 1, WGPUBufferBindingType_Storage = 2, WGPUBufferBindingType_ReadOnlyStorage = 3, WGPUBufferBindingType_Force32 = 0x7FFFFFFF } WGPUBufferBindingType;
typedef enum { WGPUBufferMapAsyncStatus_Success, WGPUBufferMapAsyncStatus_Force32 = 0x7FFFFFFF } WGPUBufferMapAsyncStatus;
typedef enum { WGPUQueueWorkDoneStatus_Success, WGPUQueueWorkDoneStatus_Force32 = 0x7FFFFFFF } WGPUQueueWorkDoneStatus;
typedef enum { WGPUErrorType_NoError, WGPUErrorType_Validation, WGPUErrorType_OutOfMemory, WGPUErrorType_Internal, WGPUErrorType_Unknown, WGPUErrorType_DeviceLost, WGPUErrorType_Force32 = 0x7FFFFFFF } WGPUErrorType;
typedef enum { WGPUFeatureName_TimestampQuery = 3, WGPUFeatureName_Force32 = 0x7FFFFFFF } WGPUFeatureName;
typedef enum { WGPURequestDeviceStatus_Success, WGPURequestDeviceStatus_Force32 = 0x7FFFFFFF } WGPURequestDeviceStatus;
typedef enum { WGPUDeviceLostReason_Unknown = 1, WGPUDeviceLostReason_Destroyed = 2, WGPUDeviceLostReason_Force32 = 0x7FFFFFFF } WGPUDeviceLostReason;
typedef enum { WGPUSType_ShaderModuleWGSLDescriptor = 6, WGPUSType_InstanceExtras = 0x00030006, WGPUSType_Force32 = 0x7FFFFFFF } WGPUSType;
typedef enum { WGPUQueryType_Timestamp = 1, WGPUQueryType_Force32 = 0x7FFFFFFF } WGPUQueryType;
typedef enum { WGPULogLevel_Off, WGPULogLevel_Force32 = 0x7FFFFFFF } WGPULogLevel;
typedef uint32_t WGPUEnum32;
enum { WGPUMapMode_Read = 1, WGPUShaderStage_Compute = 4 };
enum { WGPUBufferUsage_MapRead = 1, WGPUBufferUsage_CopySrc = 4, WGPUBufferUsage_CopyDst = 8, WGPUBufferUsage_Uniform = 0x40, WGPUBufferUsage_Storage = 0x80, WGPUBufferUsage_QueryResolve = 0x200 };
enum { WGPUInstanceBackend_Vulkan = 1, WGPUInstanceBackend_Metal = 4, WGPUInstanceBackend_DX12 = 8 };

typedef struct WGPUChainedStruct { struct WGPUChainedStruct const *next; WGPUSType sType; } WGPUChainedStruct;
typedef struct WGPUChainedStructOut { struct WGPUChainedStructOut *next; WGPUSType sType; } WGPUChainedStructOut;
typedef struct { WGPUChainedStruct const *nextInChain; } WGPUInstanceDescriptor;
typedef struct { WGPUChainedStruct chain; WGPUFlags backends, flags; WGPUEnum32 dx12ShaderCompiler, gles3MinorVersion; char const *dxilPath, *dxcPath; } WGPUInstanceExtras;
typedef struct { WGPUChainedStruct const *nextInChain; WGPUFlags backends; } WGPUInstanceEnumerateAdapterOptions;

typedef struct {
	WGPUChainedStructOut *nextInChain;
	char const *vendor, *architecture, *device, *description;
	WGPUBackendType backendType;
	WGPUAdapterType adapterType;
	uint32_t vendorID, deviceID;
} WGPUAdapterInfo;

typedef struct {
	uint32_t maxTextureDimension1D, maxTextureDimension2D, maxTextureDimension3D, maxTextureArrayLayers;
	uint32_t maxBindGroups, maxBindGroupsPlusVertexBuffers, maxBindingsPerBindGroup;
	uint32_t maxDynamicUniformBuffersPerPipelineLayout, maxDynamicStorageBuffersPerPipelineLayout;
	uint32_t maxSampledTexturesPerShaderStage, maxSamplersPerShaderStage;
	uint32_t maxStorageBuffersPerShaderStage, maxStorageTexturesPerShaderStage, maxUniformBuffersPerShaderStage;
	uint64_t maxUniformBufferBindingSize, maxStorageBufferBindingSize;
	uint32_t minUniformBufferOffsetAlignment, minStorageBufferOffsetAlignment, maxVertexBuffers;
	uint64_t maxBufferSize;
	uint32_t maxVertexAttributes, maxVertexBufferArrayStride, maxInterStageShaderComponents, maxInterStageShaderVariables;
	uint32_t maxColorAttachments, maxColorAttachmentBytesPerSample;
	uint32_t maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup;
	uint32_t maxComputeWorkgroupSizeX, maxComputeWorkgroupSizeY, maxComputeWorkgroupSizeZ, maxComputeWorkgroupsPerDimension;
} WGPULimits;
typedef struct { WGPUChainedStructOut *nextInChain; WGPULimits limits; } WGPUSupportedLimits;
typedef struct { WGPUChainedStruct const *nextInChain; WGPULimits limits; } WGPURequiredLimits;

typedef void (*WGPUErrorCallback)(WGPUErrorType, char const *, void *);
typedef void (*WGPUDeviceLostCallback)(WGPUDeviceLostReason, char const *, void *);
typedef void (*WGPUAdapterRequestDeviceCallback)(WGPURequestDeviceStatus, WGPUDevice, char const *, void *);
typedef void (*WGPUBufferMapAsyncCallback)(WGPUBufferMapAsyncStatus, void *);
typedef void (*WGPUQueueOnSubmittedWorkDoneCallback)(WGPUQueueWorkDoneStatus, void *);

typedef struct { WGPUChainedStruct const *nextInChain; char const *label; } WGPUQueueDescriptor;
typedef struct { WGPUChainedStruct const *nextInChain; WGPUErrorCallback callback; void *userdata; } WGPUUncapturedErrorCallbackInfo;
typedef struct {
	WGPUChainedStruct const *nextInChain;
	char const *label;
	size_t requiredFeatureCount;
	WGPUFeatureName const *requiredFeatures;
	WGPURequiredLimits const *requiredLimits;
	WGPUQueueDescriptor defaultQueue;
	WGPUDeviceLostCallback deviceLostCallback;
	void *deviceLostUserdata;
	WGPUUncapturedErrorCallbackInfo uncapturedErrorCallbackInfo;
} WGPUDeviceDescriptor;

typedef struct { WGPUChainedStruct const *nextInChain; char const *label; WGPUFlags usage; uint64_t size; WGPUBool mappedAtCreation; } WGPUBufferDescriptor;
typedef struct { WGPUChainedStruct const *nextInChain; char const *label; size_t hintCount; void const *hints; } WGPUShaderModuleDescriptor;
typedef struct { WGPUChainedStruct chain; char const *code; } WGPUShaderModuleWGSLDescriptor;

typedef struct { WGPUChainedStruct const *nextInChain; WGPUBufferBindingType type; WGPUBool hasDynamicOffset; uint64_t minBindingSize; } WGPUBufferBindingLayout;
typedef struct { WGPUChainedStruct const *nextInChain; WGPUEnum32 type; } WGPUSamplerBindingLayout;
typedef struct { WGPUChainedStruct const *nextInChain; WGPUEnum32 sampleType, viewDimension; WGPUBool multisampled; } WGPUTextureBindingLayout;
typedef struct { WGPUChainedStruct const *nextInChain; WGPUEnum32 access, format, viewDimension; } WGPUStorageTextureBindingLayout;
typedef struct {
	WGPUChainedStruct const *nextInChain;
	uint32_t binding;
	WGPUFlags visibility;
	WGPUBufferBindingLayout buffer;
	WGPUSamplerBindingLayout sampler;
	WGPUTextureBindingLayout texture;
	WGPUStorageTextureBindingLayout storageTexture;
} WGPUBindGroupLayoutEntry;
typedef struct { WGPUChainedStruct const *nextInChain; char const *label; size_t entryCount; WGPUBindGroupLayoutEntry const *entries; } WGPUBindGroupLayoutDescriptor;
typedef struct { WGPUChainedStruct const *nextInChain; char const *label; size_t bindGroupLayoutCount; WGPUBindGroupLayout const *bindGroupLayouts; } WGPUPipelineLayoutDescriptor;
typedef struct { WGPUChainedStruct const *nextInChain; WGPUShaderModule module; char const *entryPoint; size_t constantCount; void const *constants; } WGPUProgrammableStageDescriptor;
typedef struct { WGPUChainedStruct const *nextInChain; char const *label; WGPUPipelineLayout layout; WGPUProgrammableStageDescriptor compute; } WGPUComputePipelineDescriptor;
typedef struct { WGPUChainedStruct const *nextInChain; uint32_t binding; WGPUBuffer buffer; uint64_t offset, size; WGPUSampler sampler; WGPUTextureView textureView; } WGPUBindGroupEntry;
typedef struct { WGPUChainedStruct const *nextInChain; char const *label; WGPUBindGroupLayout layout; size_t entryCount; WGPUBindGroupEntry const *entries; } WGPUBindGroupDescriptor;

typedef struct { WGPUChainedStruct const *nextInChain; char const *label; } WGPUCommandEncoderDescriptor;
typedef struct { WGPUChainedStruct const *nextInChain; char const *label; } WGPUCommandBufferDescriptor;
typedef struct { WGPUQuerySet querySet; uint32_t beginningOfPassWriteIndex, endOfPassWriteIndex; } WGPUComputePassTimestampWrites;
typedef struct { WGPUChainedStruct const *nextInChain; char const *label; WGPUComputePassTimestampWrites const *timestampWrites; } WGPUComputePassDescriptor;
typedef struct { WGPUChainedStruct const *nextInChain; char const *label; WGPUQueryType type; uint32_t count; } WGPUQuerySetDescriptor;

void wgpuSetLogLevel(WGPULogLevel level);
WGPUInstance wgpuCreateInstance(WGPUInstanceDescriptor const *descriptor);
void wgpuInstanceRelease(WGPUInstance instance);
size_t wgpuInstanceEnumerateAdapters(WGPUInstance instance, WGPUInstanceEnumerateAdapterOptions const *options, WGPUAdapter *adapters);
void wgpuAdapterGetInfo(WGPUAdapter adapter, WGPUAdapterInfo *info);
void wgpuAdapterInfoFreeMembers(WGPUAdapterInfo info);
WGPUBool wgpuAdapterGetLimits(WGPUAdapter adapter, WGPUSupportedLimits *limits);
WGPUBool wgpuAdapterHasFeature(WGPUAdapter adapter, WGPUFeatureName feature);
void wgpuAdapterRequestDevice(WGPUAdapter adapter, WGPUDeviceDescriptor const *descriptor, WGPUAdapterRequestDeviceCallback callback, void *userdata);
void wgpuAdapterRelease(WGPUAdapter adapter);
WGPUQueue wgpuDeviceGetQueue(WGPUDevice device);
WGPUBool wgpuDevicePoll(WGPUDevice device, WGPUBool wait, void const *index);
WGPUBuffer wgpuDeviceCreateBuffer(WGPUDevice device, WGPUBufferDescriptor const *descriptor);
WGPUShaderModule wgpuDeviceCreateShaderModule(WGPUDevice device, WGPUShaderModuleDescriptor const *descriptor);
WGPUBindGroupLayout wgpuDeviceCreateBindGroupLayout(WGPUDevice device, WGPUBindGroupLayoutDescriptor const *descriptor);
WGPUPipelineLayout wgpuDeviceCreatePipelineLayout(WGPUDevice device, WGPUPipelineLayoutDescriptor const *descriptor);
WGPUComputePipeline wgpuDeviceCreateComputePipeline(WGPUDevice device, WGPUComputePipelineDescriptor const *descriptor);
WGPUBindGroup wgpuDeviceCreateBindGroup(WGPUDevice device, WGPUBindGroupDescriptor const *descriptor);
WGPUQuerySet wgpuDeviceCreateQuerySet(WGPUDevice device, WGPUQuerySetDescriptor const *descriptor);
WGPUCommandEncoder wgpuDeviceCreateCommandEncoder(WGPUDevice device, WGPUCommandEncoderDescriptor const *descriptor);
void wgpuDeviceDestroy(WGPUDevice device);
void wgpuDeviceRelease(WGPUDevice device);
void wgpuQueueWriteBuffer(WGPUQueue queue, WGPUBuffer buffer, uint64_t offset, void const *data, size_t size);
void wgpuQueueSubmit(WGPUQueue queue, size_t count, WGPUCommandBuffer const *commands);
void wgpuQueueOnSubmittedWorkDone(WGPUQueue queue, WGPUQueueOnSubmittedWorkDoneCallback callback, void *userdata);
void wgpuQueueRelease(WGPUQueue queue);
void wgpuBufferMapAsync(WGPUBuffer buffer, WGPUFlags mode, size_t offset, size_t size, WGPUBufferMapAsyncCallback callback, void *userdata);
void const *wgpuBufferGetConstMappedRange(WGPUBuffer buffer, size_t offset, size_t size);
void wgpuBufferUnmap(WGPUBuffer buffer);
void wgpuBufferDestroy(WGPUBuffer buffer);
void wgpuBufferRelease(WGPUBuffer buffer);
WGPUComputePassEncoder wgpuCommandEncoderBeginComputePass(WGPUCommandEncoder encoder, WGPUComputePassDescriptor const *descriptor);
void wgpuCommandEncoderCopyBufferToBuffer(WGPUCommandEncoder encoder, WGPUBuffer src, uint64_t srcOffset, WGPUBuffer dst, uint64_t dstOffset, uint64_t size);
void wgpuCommandEncoderResolveQuerySet(WGPUCommandEncoder encoder, WGPUQuerySet set, uint32_t first, uint32_t count, WGPUBuffer dst, uint64_t offset);
WGPUCommandBuffer wgpuCommandEncoderFinish(WGPUCommandEncoder encoder, WGPUCommandBufferDescriptor const *descriptor);
void wgpuCommandEncoderRelease(WGPUCommandEncoder encoder);
void wgpuCommandBufferRelease(WGPUCommandBuffer commands);
void wgpuComputePassEncoderSetPipeline(WGPUComputePassEncoder pass, WGPUComputePipeline pipeline);
void wgpuComputePassEncoderSetBindGroup(WGPUComputePassEncoder pass, uint32_t index, WGPUBindGroup group, size_t offsetCount, uint32_t const *offsets);
void wgpuComputePassEncoderDispatchWorkgroups(WGPUComputePassEncoder pass, uint32_t x, uint32_t y, uint32_t z);
void wgpuComputePassEncoderEnd(WGPUComputePassEncoder pass);
void wgpuComputePassEncoderRelease(WGPUComputePassEncoder pass);
void wgpuShaderModuleRelease(WGPUShaderModule module);
void wgpuBindGroupLayoutRelease(WGPUBindGroupLayout layout);
void wgpuPipelineLayoutRelease(WGPUPipelineLayout layout);
void wgpuComputePipelineRelease(WGPUComputePipeline pipeline);
void wgpuBindGroupRelease(WGPUBindGroup group);
void wgpuQuerySetRelease(WGPUQuerySet set);

#endif // WGPU_H_
#endif // DRDC_ABI_NATIVE_H
