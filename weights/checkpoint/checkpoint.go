package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/drdc-dev/drdc/weights"
	"github.com/drdc-dev/drdc/weights/safetensors"
	"github.com/drdc-dev/drdc/weights/torch"
)

// ErrUnknown: the content is none of the formats read here.
var ErrUnknown = errors.New("neither safetensors nor a PyTorch checkpoint")

// Format names a file format.
type Format string

// The formats.
const (
	Safetensors Format = "safetensors"
	TorchZip    Format = "torch-zip"
	TorchLegacy Format = "torch-legacy"
)

// Checkpoint is what a file holds. Metadata is nil when the file has none.
type Checkpoint struct {
	Format   Format
	Name     string // the file's base name, which can tell variants of a network apart
	Arrays   []weights.Array
	Metadata map[string]string
}

// Load reads the checkpoint at path. Errors wrap ErrUnknown, or those of the format's package, or the file system's.
func Load(path string) (*Checkpoint, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	c, err := Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c.Name = filepath.Base(path)
	return c, nil
}

// Read reads the size bytes of r.
func Read(r io.ReaderAt, size int64) (*Checkpoint, error) {
	format, err := sniff(r, size)
	if err != nil {
		return nil, err
	}
	c := &Checkpoint{Format: format}
	if format == Safetensors {
		c.Arrays, c.Metadata, err = safetensors.Read(r, size)
	} else {
		c.Arrays, err = torch.Read(r, size)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

func sniff(r io.ReaderAt, size int64) (Format, error) {
	head := make([]byte, len(torch.LegacyMagic))
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("checkpoint: %w", err)
	}
	head = head[:n]
	switch {
	case string(head) == torch.LegacyMagic:
		return TorchLegacy, nil
	case n >= 4 && string(head[:4]) == torch.ZipMagic:
		return TorchZip, nil
	case n >= 9 && head[8] == '{' && binary.LittleEndian.Uint64(head) <= uint64(size):
		return Safetensors, nil
	}
	return "", fmt.Errorf("checkpoint: begins with % x: %w", head, ErrUnknown)
}
