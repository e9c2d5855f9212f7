package weights

import (
	"errors"
	"fmt"
)

// The two families a caller branches on first: every refusal of a damaged or hostile file is one of them.
var (
	// ErrFormat: the file breaks the format or one of its limits.
	ErrFormat = errors.New("not a valid model file")
	// ErrChecksum: bytes differ from their digest.
	ErrChecksum = errors.New("checksum mismatch")
)

// What exactly is wrong with a file. Where a model file is read or written, an error that wraps one of these wraps ErrFormat too.
var (
	// ErrMagic: the file is something else.
	ErrMagic = errors.New("wrong magic")
	// ErrVersion: a format version or flag this program does not know.
	ErrVersion = errors.New("unknown version or flag")
	// ErrTruncated: the file ends early.
	ErrTruncated = errors.New("file ends early")
	// ErrTrailing: bytes follow the last chunk.
	ErrTrailing = errors.New("bytes after the last chunk")
	// ErrLimit: a count or size beyond the bounds in limits.go.
	ErrLimit = errors.New("limit exceeded")
	// ErrHeader: the header is not JSON of the stated form.
	ErrHeader = errors.New("malformed header")
	// ErrName: a tensor, part or original name outside the allowed form.
	ErrName = errors.New("bad name")
	// ErrDuplicate: a name or JSON key occurs twice, or tensors are not sorted by name.
	ErrDuplicate = errors.New("duplicate or unsorted name")
	// ErrShape: a negative dimension, a product that overflows, or data of another length.
	ErrShape = errors.New("bad shape")
	// ErrDType: an unknown element type, or one that a model file can not hold.
	ErrDType = errors.New("bad element type")
	// ErrOverlap: a chunk begins before the previous one ends.
	ErrOverlap = errors.New("overlapping bytes")
	// ErrHole: bytes between two chunks belong to none.
	ErrHole = errors.New("hole between chunks")
	// ErrLength: lengths disagree: of tensor and chunks, or stated and decompressed.
	ErrLength = errors.New("length mismatch")
	// ErrRatio: a chunk claims to compress better than MaxRatio.
	ErrRatio = errors.New("compression ratio too high")
	// ErrWindow: a zstd frame asks for a larger window than MaxWindow.
	ErrWindow = errors.New("zstd window too large")
	// ErrFrame: compressed bytes are not a plain zstd frame.
	ErrFrame = errors.New("bad zstd frame")
)

var (
	// ErrNotFinite: values are NaN or infinite, or would be in the element type asked for.
	ErrNotFinite = errors.New("values not finite")
	// ErrNotFound: the file has no such tensor.
	ErrNotFound = errors.New("no such tensor")
)

// fault is one refusal: its family, its kind and the words.
type fault struct {
	family, kind error
	text         string
}

func (f *fault) Error() string   { return "weights: " + f.text + ": " + f.kind.Error() }
func (f *fault) Unwrap() []error { return []error{f.family, f.kind} }

// malformed makes an error of the ErrFormat family.
func malformed(kind error, format string, args ...any) error {
	return &fault{ErrFormat, kind, fmt.Sprintf(format, args...)}
}
