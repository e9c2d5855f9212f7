package gpu

import "fmt"

// Limits are the limits of an adapter or a device that compute work meets.
// Sizes are in bytes.
type Limits struct {
	MaxBufferSize     uint64 `json:"max_buffer_size"`
	MaxStorageBinding uint64 `json:"max_storage_binding"`
	MaxUniformBinding uint64 `json:"max_uniform_binding"`
	// StorageBuffers and UniformBuffers are counts per shader.
	StorageBuffers uint32 `json:"storage_buffers"`
	UniformBuffers uint32 `json:"uniform_buffers"`
	// WorkgroupMemory is the memory that one workgroup shares.
	WorkgroupMemory uint32 `json:"workgroup_memory"`
	// Invocations is the number of invocations in one workgroup, WorkgroupSize
	// their number per dimension.
	Invocations   uint32    `json:"invocations"`
	WorkgroupSize [3]uint32 `json:"workgroup_size"`
	// Groups is the number of workgroups per dimension of one dispatch.
	Groups uint32 `json:"groups"`
	// StorageAlign and UniformAlign divide the offset of a binding.
	StorageAlign uint32 `json:"storage_align"`
	UniformAlign uint32 `json:"uniform_align"`
}

// DefaultLimits returns the limits that every WebGPU implementation grants
// (WebGPU specification, section 3.6.2, column "default").
func DefaultLimits() Limits {
	return Limits{
		MaxBufferSize:     256 << 20,
		MaxStorageBinding: 128 << 20,
		MaxUniformBinding: 64 << 10,
		StorageBuffers:    8,
		UniformBuffers:    12,
		WorkgroupMemory:   16384,
		Invocations:       256,
		WorkgroupSize:     [3]uint32{256, 256, 64},
		Groups:            65535,
		StorageAlign:      256,
		UniformAlign:      256,
	}
}

// atMost returns the stricter of l and o, limit by limit.
func (l Limits) atMost(o Limits) Limits {
	return Limits{
		MaxBufferSize:     min(l.MaxBufferSize, o.MaxBufferSize),
		MaxStorageBinding: min(l.MaxStorageBinding, o.MaxStorageBinding),
		MaxUniformBinding: min(l.MaxUniformBinding, o.MaxUniformBinding),
		StorageBuffers:    min(l.StorageBuffers, o.StorageBuffers),
		UniformBuffers:    min(l.UniformBuffers, o.UniformBuffers),
		WorkgroupMemory:   min(l.WorkgroupMemory, o.WorkgroupMemory),
		Invocations:       min(l.Invocations, o.Invocations),
		WorkgroupSize: [3]uint32{
			min(l.WorkgroupSize[0], o.WorkgroupSize[0]),
			min(l.WorkgroupSize[1], o.WorkgroupSize[1]),
			min(l.WorkgroupSize[2], o.WorkgroupSize[2]),
		},
		Groups:       min(l.Groups, o.Groups),
		StorageAlign: max(l.StorageAlign, o.StorageAlign),
		UniformAlign: max(l.UniformAlign, o.UniformAlign),
	}
}

// human writes a size in the largest unit that divides it, else in bytes with
// the size in MiB behind it.
func human(n uint64) string {
	units := []string{"B", "KiB", "MiB", "GiB"}
	v, u := n, 0
	for v != 0 && v%1024 == 0 && u+1 < len(units) {
		v /= 1024
		u++
	}
	if u == 0 && n >= 1<<20 {
		return fmt.Sprintf("%d B (%.1f MiB)", n, float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d %s", v, units[u])
}
