package torch

import (
	"fmt"
	"io"
	"os"

	"github.com/drdc-dev/drdc/weights"
)

// ZipMagic is how a zip checkpoint begins.
const ZipMagic = "PK\x03\x04"

// Load reads the state dict of the checkpoint at path. Errors wrap those of this package or the file system's.
func Load(path string) ([]weights.Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("torch: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("torch: %w", err)
	}
	arrays, err := Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return arrays, nil
}

// Read gives the tensors of the state dict in the size bytes of r, in its order, with their names as saved. A state dict nested in
// a dict ("state_dict" and its like) is found; optimizer, scheduler and scaler states are skipped.
func Read(r io.ReaderAt, size int64) ([]weights.Array, error) {
	head := make([]byte, len(LegacyMagic))
	if n, _ := r.ReadAt(head, 0); n < len(head) {
		return nil, fail(ErrFormat, "%d bytes", size)
	}
	var (
		value any
		read  func(*storage) ([]byte, error)
		big   bool
	)
	switch {
	case string(head[:4]) == ZipMagic:
		a, err := openZip(r, size)
		if err != nil {
			return nil, err
		}
		if value, err = a.value(); err != nil {
			return nil, err
		}
		read, big = a.read, a.big
	case string(head) == LegacyMagic:
		l, err := openLegacy(r, size)
		if err != nil {
			return nil, err
		}
		value, read, big = l.value, l.read, l.big
	default:
		return nil, fail(ErrFormat, "begins with % x", head[:8])
	}
	tensors, err := stateDict(value)
	if err != nil {
		return nil, err
	}
	return arrays(tensors, read, big, size)
}
