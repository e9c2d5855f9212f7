package features

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/weights"
)

// ErrCache is wrapped by the error about a file that does not hold the features that
// are asked for.
var ErrCache = errors.New("no cache of these features")

// Cache is a file with the features of many images, so that training computes them
// once and memory need not hold them: half floats, 2 bytes for each value. The file
// is
//
//	"drdcfea1" | key, 32 bytes | images, uint64 | values of an image, uint64 | values
//
// little-endian, images in their order. It is not safe for concurrent use.
type Cache struct {
	file   *os.File
	layout layout
	raw    []byte
}

// layout is the head of the file. Key says what the features are of: backbone, grid
// and images.
type layout struct {
	Magic          [8]byte
	Key            [sha256.Size]byte
	Images, Values uint64
}

const cacheHead = 8 + sha256.Size + 16

func newLayout(key [sha256.Size]byte, images, values int) layout {
	return layout{[8]byte([]byte("drdcfea1")), key, uint64(images), uint64(values)}
}

func (l layout) bytes() []byte {
	b := append(l.Magic[:], l.Key[:]...)
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, l.Images), l.Values)
}

// OpenCache opens a file that CreateCache finished with the same arguments. It wraps
// ErrCache when the file is of something else or cut short, and fs.ErrNotExist.
func OpenCache(path string, key [sha256.Size]byte, images, values int) (*Cache, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	l := newLayout(key, images, values)
	head := make([]byte, cacheHead)
	if _, err = io.ReadFull(file, head); err == nil && string(head) != string(l.bytes()) {
		err = errors.New("of another backbone, grid or images")
	}
	if err == nil {
		var info os.FileInfo
		if info, err = file.Stat(); err == nil {
			if want := int64(cacheHead + 2*images*values); info.Size() != want {
				err = fmt.Errorf("%d bytes, want %d", info.Size(), want)
			}
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("features: %s: %w: %w", path, ErrCache, err), file.Close())
	}
	return &Cache{file, l, make([]byte, 2*values)}, nil
}

// CreateCache computes the features of every image, in order, writes the file, which
// is replaced as a whole, and opens it. A value that a half float cannot hold is an
// error.
func CreateCache(path string, key [sha256.Size]byte, images, values int, compute func(image int) ([]float32, error)) (*Cache, error) {
	err := weights.Replace(path, func(to io.Writer) error {
		w := bufio.NewWriterSize(to, 1<<20)
		if _, err := w.Write(newLayout(key, images, values).bytes()); err != nil {
			return err
		}
		raw := make([]byte, 2*values)
		for i := range images {
			data, err := compute(i)
			if err != nil {
				return err
			}
			if err := encode(raw, data); err != nil {
				return fmt.Errorf("features: %s: image %d: %w", path, i, err)
			}
			if _, err := w.Write(raw); err != nil {
				return err
			}
		}
		return w.Flush()
	})
	if err != nil {
		return nil, err
	}
	return OpenCache(path, key, images, values)
}

// encode writes data as half floats over raw.
func encode(raw []byte, data []float32) error {
	if 2*len(data) != len(raw) {
		return fmt.Errorf("%d values, want %d", len(data), len(raw)/2)
	}
	for i, v := range data {
		if !(math.Abs(float64(v)) < 65520) { // what rounds to infinity
			return fmt.Errorf("value %g is beyond half floats", v)
		}
		binary.LittleEndian.PutUint16(raw[2*i:], kernels.FloatToHalf(v))
	}
	return nil
}

// Read puts the features of an image into dst.
func (c *Cache) Read(dst []float32, image int) error {
	n := int(c.layout.Values)
	if image < 0 || image >= int(c.layout.Images) || len(dst) != n {
		return fmt.Errorf("features: image %d into %d values, want 0 to %d and %d", image, len(dst), c.layout.Images-1, n)
	}
	if _, err := c.file.ReadAt(c.raw, int64(cacheHead)+int64(image)*int64(len(c.raw))); err != nil {
		return fmt.Errorf("features: %w", err)
	}
	for i := range dst {
		dst[i] = kernels.HalfToFloat(binary.LittleEndian.Uint16(c.raw[2*i:]))
	}
	return nil
}

// Close closes the file, which stays.
func (c *Cache) Close() error { return c.file.Close() }
