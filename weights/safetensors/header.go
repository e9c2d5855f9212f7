package safetensors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/drdc-dev/drdc/weights"
	"github.com/drdc-dev/drdc/weights/internal/strictjson"
)

// The bounds a file is held to.
const (
	// MaxHeader is the longest header, in bytes.
	MaxHeader = 4 << 20
	// MaxTensors is the largest number of tensors.
	MaxTensors = 16384
	// MaxRank is the largest number of dimensions.
	MaxRank = 16
)

// What is wrong with a file; every one of them wraps ErrFormat.
var (
	ErrFormat = errors.New("not a valid safetensors file")

	ErrTruncated = fmt.Errorf("%w: it ends early", ErrFormat)
	ErrLimit     = fmt.Errorf("%w: limit exceeded", ErrFormat)
	ErrHeader    = fmt.Errorf("%w: malformed header", ErrFormat)
	ErrDuplicate = fmt.Errorf("%w: duplicate key", ErrFormat)
	ErrDType     = fmt.Errorf("%w: unknown element type", ErrFormat)
	ErrShape     = fmt.Errorf("%w: bad shape", ErrFormat)
	ErrLength    = fmt.Errorf("%w: length mismatch", ErrFormat)
	ErrOverlap   = fmt.Errorf("%w: overlapping tensors", ErrFormat)
	ErrHole      = fmt.Errorf("%w: bytes that belong to no tensor", ErrFormat)
)

func fail(kind error, format string, args ...any) error {
	return fmt.Errorf("safetensors: %s: %w", fmt.Sprintf(format, args...), kind)
}

// dtypes pairs the file's names with ours.
func dtypes() map[string]weights.DType {
	return map[string]weights.DType{
		"F64": weights.F64, "F32": weights.F32, "F16": weights.F16, "BF16": weights.BF16, "I64": weights.I64, "I32": weights.I32,
		"I16": weights.I16, "I8": weights.I8, "U8": weights.U8, "BOOL": weights.Bool,
	}
}

// entry is one tensor of the header.
type entry struct {
	name  string
	dtype weights.DType
	shape []int
	begin int64
	end   int64
}

type wireEntry struct {
	DType   string  `json:"dtype"`
	Shape   []int64 `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// parseHeader gives the tensors, sorted by offset, and the metadata. data is the number of bytes after the header.
func parseHeader(text []byte, data int64) ([]entry, map[string]string, error) {
	open := func(depth int, top string) bool { return depth == 1 || top == "__metadata__" }
	err := strictjson.Check(text, strictjson.Rules{
		MaxDepth: 3, MaxArray: MaxRank, MaxKeys: MaxTensors + 1, MaxValues: 24 * MaxTensors, Open: open,
	})
	switch {
	case errors.Is(err, strictjson.ErrDuplicate):
		return nil, nil, fail(ErrDuplicate, "%v", err)
	case errors.Is(err, strictjson.ErrLimit):
		return nil, nil, fail(ErrLimit, "header: %v", err)
	case err != nil:
		return nil, nil, fail(ErrHeader, "%v", err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, nil, fail(ErrHeader, "%v", err)
	}
	var meta map[string]string
	if m, ok := all["__metadata__"]; ok {
		if err := json.Unmarshal(m, &meta); err != nil {
			return nil, nil, fail(ErrHeader, "metadata: %v", err)
		}
		delete(all, "__metadata__")
	}
	if len(all) > MaxTensors {
		return nil, nil, fail(ErrLimit, "%d tensors, limit %d", len(all), MaxTensors)
	}
	types := dtypes()
	entries := make([]entry, 0, len(all))
	for name, raw := range all {
		e, err := parseEntry(name, raw, types)
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), cmp.Compare(a.name, b.name))
	})
	next := int64(0)
	for _, e := range entries {
		if e.begin < next {
			return nil, nil, fail(ErrOverlap, "tensor %q begins at %d, the previous one ends at %d", clip(e.name), e.begin, next)
		}
		if e.begin > next {
			return nil, nil, fail(ErrHole, "tensor %q begins at %d, the previous one ends at %d", clip(e.name), e.begin, next)
		}
		next = e.end
	}
	if next > data {
		return nil, nil, fail(ErrTruncated, "tensors end at %d, the file has %d bytes of them", next, data)
	}
	if next < data {
		return nil, nil, fail(ErrHole, "tensors end at %d, the file goes on to %d", next, data)
	}
	return entries, meta, nil
}

func parseEntry(name string, raw json.RawMessage, types map[string]weights.DType) (entry, error) {
	var w wireEntry
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return entry{}, fail(ErrHeader, "tensor %q: %v", clip(name), err)
	}
	t, ok := types[w.DType]
	if !ok {
		return entry{}, fail(ErrDType, "tensor %q: %.20q", clip(name), w.DType)
	}
	if len(w.Offsets) != 2 || w.Offsets[0] < 0 || w.Offsets[1] < w.Offsets[0] {
		return entry{}, fail(ErrLength, "tensor %q: offsets %v", clip(name), w.Offsets)
	}
	e := entry{name: name, dtype: t, shape: make([]int, len(w.Shape)), begin: w.Offsets[0], end: w.Offsets[1]}
	bytes := uint64(t.Size())
	for i, n := range w.Shape {
		if n < 0 {
			return entry{}, fail(ErrShape, "tensor %q: dimension %d", clip(name), n)
		}
		hi, lo := bits.Mul64(bytes, uint64(n))
		if hi != 0 || lo > math.MaxInt64 {
			return entry{}, fail(ErrShape, "tensor %q: the product of shape %v overflows", clip(name), w.Shape)
		}
		bytes, e.shape[i] = lo, int(n)
	}
	if int64(bytes) != e.end-e.begin {
		return entry{}, fail(ErrLength, "tensor %q: %d bytes given, shape %v of %s has %d", clip(name), e.end-e.begin, w.Shape, w.DType, bytes)
	}
	return e, nil
}

func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}
