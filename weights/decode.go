package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/klauspost/compress/zstd"
)

// decoder turns stored chunks into numbers. It keeps two buffers of at most MaxChunk and is used by one goroutine at a time.
type decoder struct {
	zstd   *zstd.Decoder // made when first needed: digests alone do not
	trust  bool
	stored []byte
	planes []byte
}

func newZstd() (*zstd.Decoder, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(MaxWindow),
		zstd.WithDecoderMaxMemory(MaxWindow), zstd.WithDecodeAllCapLimit(true))
	if err != nil {
		return nil, fmt.Errorf("weights: zstd: %w", err)
	}
	return z, nil
}

// fetch reads the stored bytes of a chunk into b, which has their length.
type fetch func(c Chunk, b []byte) error

// chunk gives the planes of a chunk, valid until the next call.
func (d *decoder) chunk(name string, c Chunk, get fetch) ([]byte, error) {
	d.planes = grow(d.planes, c.Raw)
	if c.Zero {
		clear(d.planes)
		return d.planes, nil
	}
	if err := d.check(name, c, get); err != nil {
		return nil, err
	}
	if err := checkFrame(name, c, d.stored); err != nil {
		return nil, err
	}
	if d.zstd == nil {
		z, err := newZstd()
		if err != nil {
			return nil, err
		}
		d.zstd = z
	}
	out, err := d.zstd.DecodeAll(d.stored, d.planes[:0:c.Raw])
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return nil, malformed(ErrLength, "tensor %q: the chunk at %d holds more than the %d bytes stated", name, c.Offset, c.Raw)
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return nil, malformed(ErrWindow, "tensor %q: chunk at %d", name, c.Offset)
	case err != nil:
		return nil, malformed(ErrFrame, "tensor %q: chunk at %d: %v", name, c.Offset, err)
	case int64(len(out)) != c.Raw:
		return nil, malformed(ErrLength, "tensor %q: the chunk at %d holds %d bytes, %d stated", name, c.Offset, len(out), c.Raw)
	}
	return out, nil
}

// check fetches the stored bytes and compares their digest.
func (d *decoder) check(name string, c Chunk, get fetch) error {
	d.stored = grow(d.stored, c.Stored)
	if err := get(c, d.stored); err != nil {
		return err
	}
	if d.trust {
		return nil
	}
	if sum := sha256.Sum256(d.stored); hex.EncodeToString(sum[:]) != c.SHA256 {
		return &fault{ErrFormat, ErrChecksum, fmt.Sprintf("tensor %q: chunk at %d", name, c.Offset)}
	}
	return nil
}

// checkFrame refuses by its header a frame that would need more than the chunk states.
func checkFrame(name string, c Chunk, stored []byte) error {
	var h zstd.Header
	err := h.Decode(stored)
	switch {
	case err != nil:
		return malformed(ErrFrame, "tensor %q: chunk at %d: %v", name, c.Offset, err)
	case h.Skippable || h.DictionaryID != 0:
		return malformed(ErrFrame, "tensor %q: chunk at %d: a skippable frame or one with a dictionary", name, c.Offset)
	case h.WindowSize > MaxWindow && !h.SingleSegment:
		return malformed(ErrWindow, "tensor %q: chunk at %d: %d bytes, limit %d", name, c.Offset, h.WindowSize, MaxWindow)
	case h.HasFCS && h.FrameContentSize != uint64(c.Raw):
		return malformed(ErrLength, "tensor %q: the chunk at %d holds %d bytes, %d stated", name, c.Offset, h.FrameContentSize, c.Raw)
	}
	return nil
}

func grow(b []byte, n int64) []byte {
	if int64(cap(b)) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// scales decodes the scales of a quantised tensor, nil for others.
func (d *decoder) scales(t *Tensor, get fetch) ([]float32, error) {
	if t.Scale == nil {
		return nil, nil
	}
	out := make([]float32, 0, t.Scale.Raw/4)
	for _, c := range t.Scale.Chunks {
		planes, err := d.chunk(t.Name, c, get)
		if err != nil {
			return nil, err
		}
		out = out[:len(out)+len(planes)/4]
		floats(F32, out[len(out)-len(planes)/4:], planes)
	}
	return out, nil
}

// values writes the numbers of one chunk to dst; at is the index of dst[0] in the tensor.
func (t *Tensor) values(dst []float32, planes []byte, at int, scales []float32) {
	if t.Scale == nil {
		floats(t.DType, dst, planes)
		return
	}
	dequantise(t.DType, dst, planes, at, scales, geometryOf(t.Shape, t.Len(), t.Scale.Group))
}

// span is the range of elements that chunk i holds.
func (t *Tensor) span(i int) (from, to int) {
	per := int(t.DType.elements(MaxChunk))
	return i * per, min((i+1)*per, t.Len())
}

// floats joins the planes of float elements and widens them.
func floats(d DType, dst []float32, planes []byte) {
	n := len(dst)
	switch d {
	case F32:
		a, b, c, e := planes[:n], planes[n:][:n], planes[2*n:][:n], planes[3*n:][:n]
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(a[i]) | uint32(b[i])<<8 | uint32(c[i])<<16 | uint32(e[i])<<24)
		}
	case F16:
		lo, hi := planes[:n], planes[n:][:n]
		for i := range dst {
			dst[i] = halfToFloat(uint16(lo[i]) | uint16(hi[i])<<8)
		}
	case BF16:
		lo, hi := planes[:n], planes[n:][:n]
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(lo[i])<<16 | uint32(hi[i])<<24)
		}
	}
}
