package plugin

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// reserve maps n zero bytes.
func reserve(n int) ([]byte, error) {
	at, err := windows.VirtualAlloc(0, uintptr(n), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return nil, fmt.Errorf("plugin: %d bytes of memory for a guest: %w", n, err)
	}
	// The address is no Go memory: converting it through a pointer tells vet so.
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&at))), n), nil
}

// release can fail only for memory that reserve did not give.
func release(space []byte) {
	if err := windows.VirtualFree(uintptr(unsafe.Pointer(unsafe.SliceData(space))), 0, windows.MEM_RELEASE); err != nil {
		panic(fmt.Sprintf("plugin: unmap: %v", err))
	}
}
