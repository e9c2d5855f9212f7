package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/drdc-dev/drdc/weights"
)

// Write writes the arrays, sorted by name, and the metadata (may be nil) to w. Equal input gives equal bytes. The header is padded
// with spaces so that the tensors begin at a multiple of 8. What it writes, Read accepts; else the error wraps ErrFormat.
func Write(w io.Writer, arrays []weights.Array, meta map[string]string) error {
	names := make(map[weights.DType]string)
	for name, d := range dtypes() {
		names[d] = name
	}
	sorted := slices.Clone(arrays)
	slices.SortStableFunc(sorted, func(a, b weights.Array) int { return cmp.Compare(a.Name, b.Name) })
	header := make(map[string]any, len(sorted)+1)
	if meta != nil {
		header["__metadata__"] = meta
	}
	next := int64(0)
	for _, a := range sorted {
		if header[a.Name] != nil || a.Name == "__metadata__" {
			return fail(ErrDuplicate, "tensor %q", clip(a.Name))
		}
		if names[a.DType] == "" {
			return fail(ErrDType, "tensor %q: %q", clip(a.Name), a.DType)
		}
		e := wireEntry{DType: names[a.DType], Shape: make([]int64, len(a.Shape)), Offsets: []int64{next, next + int64(len(a.Data))}}
		for i, n := range a.Shape {
			e.Shape[i] = int64(n)
		}
		header[a.Name] = e
		next += int64(len(a.Data))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(header); err != nil {
		return fail(ErrHeader, "%v", err)
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	text = append(text, bytes.Repeat([]byte(" "), -len(text)&7)...)
	if len(text) > MaxHeader {
		return fail(ErrLimit, "header of %d bytes, limit %d", len(text), MaxHeader)
	}
	if _, _, err := parseHeader(text, next); err != nil {
		return err
	}
	pieces := [][]byte{binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text}
	for _, a := range sorted {
		pieces = append(pieces, a.Data)
	}
	for _, p := range pieces {
		if _, err := w.Write(p); err != nil {
			return fmt.Errorf("safetensors: write: %w", err)
		}
	}
	return nil
}
