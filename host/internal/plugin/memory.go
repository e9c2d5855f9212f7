package plugin

import (
	"context"

	"github.com/tetratelabs/wazero/experimental"
)

// memory is the linear memory of one guest: address space for all that it may have, of which the system gives what is touched.
// Memory from the heap would be copied whenever it grows, which costs several times its size until it is collected.
//
// Free unmaps it, so nothing may touch it afterwards: take and give close a module only when no call is in it, and Close waits.
type memory struct{ space []byte }

// withMemory makes the next module instantiated with the context use m.
func withMemory(ctx context.Context, m *memory) context.Context {
	return experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory { return m }))
}

// Reallocate implements experimental.LinearMemory. The engine never asks for more than admit.MemoryPages.
func (m *memory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.space)) {
		return nil
	}
	return m.space[:size]
}

// Free implements experimental.LinearMemory. A second call does nothing.
func (m *memory) Free() {
	if m.space != nil {
		release(m.space)
		m.space = nil
	}
}
