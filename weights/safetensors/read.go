package safetensors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/drdc-dev/drdc/weights"
)

// Load reads the file at path: its tensors in the order of their bytes, and its metadata, nil when it has none. Errors wrap
// ErrFormat with its kinds, or the file system's.
func Load(path string) ([]weights.Array, map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("safetensors: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("safetensors: %w", err)
	}
	arrays, meta, err := Read(f, info.Size())
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return arrays, meta, nil
}

// Read reads the size bytes of r.
func Read(r io.ReaderAt, size int64) ([]weights.Array, map[string]string, error) {
	var prefix [8]byte
	if size < 8 {
		return nil, nil, fail(ErrTruncated, "%d bytes", size)
	}
	if err := readAt(r, prefix[:], 0); err != nil {
		return nil, nil, err
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if n > MaxHeader {
		return nil, nil, fail(ErrLimit, "header of %d bytes, limit %d", n, MaxHeader)
	}
	if int64(n) > size-8 {
		return nil, nil, fail(ErrTruncated, "header of %d bytes in a file of %d", n, size)
	}
	text := make([]byte, n)
	if err := readAt(r, text, 8); err != nil {
		return nil, nil, err
	}
	base := 8 + int64(n)
	entries, meta, err := parseHeader(text, size-base)
	if err != nil {
		return nil, nil, err
	}
	out := make([]weights.Array, len(entries))
	for i, e := range entries {
		data := make([]byte, e.end-e.begin)
		if err := readAt(r, data, base+e.begin); err != nil {
			return nil, nil, err
		}
		out[i] = weights.Array{Name: e.name, DType: e.dtype, Shape: e.shape, Data: data}
	}
	return out, meta, nil
}

func readAt(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return fail(ErrTruncated, "%d bytes wanted at %d, %d there", len(b), off, n)
	}
	return fmt.Errorf("safetensors: read at %d: %w", off, err)
}
