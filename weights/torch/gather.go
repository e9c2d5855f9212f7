package torch

import (
	"slices"

	"github.com/drdc-dev/drdc/weights"
)

// named is a tensor of a state dict.
type named struct {
	key    string
	tensor *tensor
}

// arrays reads the storages one after another and gives the tensors in the order of the state dict. Plain tensors share the
// memory of their storage; the others are copied, within a budget: a stride of 0 makes a huge tensor of a tiny file.
func arrays(tensors []named, read func(*storage) ([]byte, error), bigEndian bool, fileSize int64) ([]weights.Array, error) {
	out := make([]weights.Array, len(tensors))
	loaded := make(map[string][]byte)
	budget := fileSize + maxCopies
	for i, n := range tensors {
		t := n.tensor
		e := t.storage.elem
		if e.size == 0 {
			return nil, fail(ErrUnsupported, "tensor %q: the element type of storage %s", clip(n.key), clip(t.storage.key))
		}
		count, _ := t.elements()
		out[i] = weights.Array{Name: n.key, DType: e.dtype, Shape: t.shape, Data: []byte{}}
		if count == 0 {
			continue
		}
		data, ok := loaded[t.storage.key]
		if !ok {
			var err error
			if data, err = read(t.storage); err != nil {
				return nil, err
			}
			if bigEndian {
				swap(data, int(e.size))
			}
			loaded[t.storage.key] = data
		}
		if t.plain() {
			from := t.offset * e.size
			out[i].Data = data[from : from+count*e.size : from+count*e.size]
			continue
		}
		if count > budget/e.size {
			return nil, fail(ErrLimit, "tensor %q: %d elements over a storage of %d", clip(n.key), count, t.storage.count)
		}
		budget -= count * e.size
		out[i].Data = make([]byte, 0, count*e.size)
		walk(t, 0, t.offset, func(at int64) {
			out[i].Data = append(out[i].Data, data[at*e.size:(at+1)*e.size]...)
		})
	}
	return out, nil
}

// walk visits the storage elements of t in row-major order of its shape.
func walk(t *tensor, dim int, at int64, visit func(int64)) {
	if dim == len(t.shape) {
		visit(at)
		return
	}
	for range t.shape[dim] {
		walk(t, dim+1, at, visit)
		at += t.stride[dim]
	}
}

// swap turns big-endian elements into little-endian ones.
func swap(data []byte, size int) {
	for i := 0; i+size <= len(data); i += size {
		slices.Reverse(data[i : i+size])
	}
}
