//go:build js

package main

import (
	"fmt"
	"io"
	"syscall/js"
)

// source is a model file that JavaScript reads: from a cache, from a disk, or from a
// network while it arrives, in which case read waits for the bytes.
type source struct{ v js.Value }

func (s source) size() int64 { return int64(s.v.Get("size").Float()) }

// ReadAt implements io.ReaderAt.
func (s source) ReadAt(b []byte, at int64) (int, error) {
	got, err := await(s.v.Call("read", float64(at), len(b)))
	if err != nil {
		return 0, fmt.Errorf("browser: model file: %w", err)
	}
	if n := js.CopyBytesToGo(b, got); n < len(b) {
		return n, io.ErrUnexpectedEOF
	}
	return len(b), nil
}
