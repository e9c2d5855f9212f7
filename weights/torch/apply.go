package torch

import (
	"math"
	"math/bits"
	"strings"
)

// apply is every call a pickle can make. Known are the functions that rebuild tensors and ordered dicts; any other callable gives
// an opaque object, and nothing runs.
func (m *machine) apply(callee any, args []any) (any, error) {
	g, ok := callee.(*global)
	if !ok {
		return nil, fail(ErrFormat, "the pickle calls a %T", callee)
	}
	if err := m.charge(128); err != nil {
		return nil, err
	}
	switch {
	case g.module == "collections" && g.name == "OrderedDict":
		return m.orderedDict(args)
	case g.module == "torch._utils" && (g.name == "_rebuild_tensor" || g.name == "_rebuild_tensor_v2"):
		return m.tensorView(args)
	case g.module == "torch._utils" && (g.name == "_rebuild_parameter" || g.name == "_rebuild_parameter_with_state"):
		if len(args) > 0 {
			if t, ok := args[0].(*tensor); ok {
				return t, nil
			}
		}
		return nil, fail(ErrTensor, "a parameter without a tensor")
	case strings.HasPrefix(g.module, "torch.") && strings.HasPrefix(g.name, "_rebuild_"):
		return nil, fail(ErrUnsupported, "tensors made by %s", g)
	}
	return &opaque{class: g.String()}, nil
}

// orderedDict takes no argument, or a list of pairs as Python 2 wrote it.
func (m *machine) orderedDict(args []any) (any, error) {
	d := new(dict)
	if len(args) == 0 {
		return d, nil
	}
	l, ok := args[0].(*list)
	if !ok {
		return nil, fail(ErrFormat, "an OrderedDict of a %T", args[0])
	}
	for _, item := range l.items {
		var pair []any
		switch p := item.(type) {
		case tuple:
			pair = p
		case *list:
			pair = p.items
		}
		if len(pair) != 2 {
			return nil, fail(ErrFormat, "an OrderedDict of something that is no pair")
		}
		if err := m.fill(d, pair); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// tensorView checks (storage, offset, size, stride, ...) and makes the view.
func (m *machine) tensorView(args []any) (*tensor, error) {
	if len(args) < 4 {
		return nil, fail(ErrTensor, "%d arguments", len(args))
	}
	s, ok := args[0].(*storage)
	if !ok {
		return nil, fail(ErrTensor, "a %T for a storage", args[0])
	}
	offset, ok := args[1].(int64)
	size, ok1 := args[2].(tuple)
	stride, ok2 := args[3].(tuple)
	if !ok || !ok1 || !ok2 || len(size) != len(stride) {
		return nil, fail(ErrTensor, "storage %s: malformed size or stride", clip(s.key))
	}
	if len(size) > maxRank {
		return nil, fail(ErrLimit, "rank %d, limit %d", len(size), maxRank)
	}
	if err := m.charge(64 + 16*len(size)); err != nil {
		return nil, err
	}
	t := &tensor{storage: s, offset: offset, shape: make([]int, len(size)), stride: make([]int64, len(size))}
	last, empty := offset, false
	for i := range size {
		n, ok1 := size[i].(int64)
		step, ok2 := stride[i].(int64)
		if !ok1 || !ok2 || n < 0 || step < 0 || offset < 0 {
			return nil, fail(ErrTensor, "storage %s, dimension %d: size %d, stride %d, offset %d", clip(s.key), i, n, step, offset)
		}
		t.shape[i], t.stride[i] = int(n), step
		if n == 0 {
			empty = true
			continue
		}
		hi, lo := bits.Mul64(uint64(n-1), uint64(step))
		if hi != 0 || lo > math.MaxInt64/2 || last > math.MaxInt64/2 {
			return nil, fail(ErrTensor, "storage %s: size %d times stride %d overflows", clip(s.key), n, step)
		}
		last += int64(lo)
	}
	if offset < 0 || !empty && last >= s.count {
		return nil, fail(ErrTensor, "storage %s of %d elements: the tensor reaches element %d", clip(s.key), s.count, last)
	}
	if _, ok := t.elements(); !ok {
		return nil, fail(ErrTensor, "storage %s: the product of shape %v overflows", clip(s.key), t.shape)
	}
	return t, nil
}

// elements is the number of elements, false when it overflows.
func (t *tensor) elements() (int64, bool) {
	n := uint64(1)
	for _, d := range t.shape {
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > math.MaxInt64/16 {
			return 0, false
		}
		n = lo
	}
	return int64(n), true
}

// plain says that the elements are one run of the storage in row-major order.
func (t *tensor) plain() bool {
	step := int64(1)
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] != 1 && t.stride[i] != step {
			return false
		}
		step *= int64(t.shape[i])
	}
	return true
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}
