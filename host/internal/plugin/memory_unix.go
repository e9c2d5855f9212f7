//go:build unix

package plugin

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// reserve maps n zero bytes.
func reserve(n int) ([]byte, error) {
	space, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("plugin: %d bytes of memory for a guest: %w", n, err)
	}
	return space, nil
}

// release can fail only for memory that reserve did not give.
func release(space []byte) {
	if err := unix.Munmap(space); err != nil {
		panic(fmt.Sprintf("plugin: unmap: %v", err))
	}
}
