package weights

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/drdc-dev/drdc/weights/internal/strictjson"
)

// parsePrefix checks the first prefixSize bytes and gives the header's length.
func parsePrefix(b []byte) (int64, error) {
	if string(b[:8]) != magic {
		return 0, malformed(ErrMagic, "begins with % x", b[:8])
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != Version {
		return 0, malformed(ErrVersion, "version %d, known is %d", v, Version)
	}
	if f := binary.LittleEndian.Uint32(b[12:]); f != 0 {
		return 0, malformed(ErrVersion, "flags %#x, known is 0", f)
	}
	n := binary.LittleEndian.Uint64(b[16:])
	if n > MaxHeader {
		return 0, malformed(ErrLimit, "header of %d bytes, limit %d", n, MaxHeader)
	}
	return int64(n), nil
}

// parseFront reads prefix, header and digest, all of front, and gives the validated header, its digest and the length of the
// chunks that must follow.
func parseFront(front []byte, o options) (*Header, [digestSize]byte, int64, error) {
	body := front[:len(front)-digestSize]
	digest := sha256.Sum256(body)
	if !o.trust && !bytes.Equal(digest[:], front[len(body):]) {
		return nil, digest, 0, &fault{ErrFormat, ErrChecksum, "header"}
	}
	h, err := decodeHeader(body[prefixSize:])
	if err != nil {
		return nil, digest, 0, err
	}
	end, err := h.validate(o)
	return h, digest, end, err
}

func checkJSON(text []byte, open func(depth int, top string) bool) error {
	err := strictjson.Check(text, strictjson.Rules{
		MaxDepth: maxDepth, MaxArray: MaxTensors, MaxKeys: MaxTensors, MaxValues: maxValues, Open: open,
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strictjson.ErrDuplicate):
		return malformed(ErrDuplicate, "header: %v", err)
	case errors.Is(err, strictjson.ErrLimit):
		return malformed(ErrLimit, "header: %v", err)
	}
	return malformed(ErrHeader, "header: %v", err)
}

func decodeHeader(text []byte) (*Header, error) {
	open := func(depth int, top string) bool { return depth > 1 && (top == "config" || top == "provenance") }
	if err := checkJSON(text, open); err != nil {
		return nil, err
	}
	h := new(Header)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(h); err != nil {
		return nil, malformed(ErrHeader, "header: %v", err)
	}
	if len(h.Config) == 0 || h.Config[0] != '{' {
		return nil, malformed(ErrHeader, "header: the configuration is not an object")
	}
	if h.Parts == nil || h.Provenance == nil || h.Tensors == nil {
		return nil, malformed(ErrHeader, "header: parts, provenance or tensors are missing")
	}
	return h, nil
}

// validate checks everything that the header alone can tell and gives the length of all chunks together.
func (h *Header) validate(o options) (int64, error) {
	if err := checkParts(h.Parts); err != nil {
		return 0, err
	}
	if len(h.Tensors) > MaxTensors {
		return 0, malformed(ErrLimit, "%d tensors, limit %d", len(h.Tensors), MaxTensors)
	}
	var next, total int64
	for i := range h.Tensors {
		t := &h.Tensors[i]
		if err := checkName(t.Name); err != nil {
			return 0, err
		}
		if _, ok := h.Parts[t.Part()]; !ok {
			return 0, malformed(ErrName, "tensor %q: the file has no part %q", t.Name, t.Part())
		}
		if i > 0 && t.Name <= h.Tensors[i-1].Name {
			return 0, malformed(ErrDuplicate, "tensor %q after %q", t.Name, h.Tensors[i-1].Name)
		}
		if err := checkOrigin(t); err != nil {
			return 0, err
		}
		size, end, err := t.validate(next)
		if err != nil {
			return 0, err
		}
		if total += size; total > o.maxRaw {
			return 0, malformed(ErrLimit, "tensor %q: the file decodes to more than %s (WithMaxRaw raises the limit)", t.Name, human(o.maxRaw))
		}
		next = end
	}
	return next, nil
}

// validate checks one tensor whose first chunk must begin at next. It gives the bytes that decoding takes and where its last
// chunk ends.
func (t *Tensor) validate(next int64) (size, end int64, err error) {
	if !t.DType.storable() {
		return 0, 0, malformed(ErrDType, "tensor %q: element type %q", t.Name, clip(string(t.DType)))
	}
	if t.Shape == nil || t.Chunks == nil {
		return 0, 0, malformed(ErrHeader, "tensor %q: shape or chunks are missing", t.Name)
	}
	n, err := elements(t.Name, t.Shape)
	if err != nil {
		return 0, 0, err
	}
	if want := t.DType.bytes(n); t.Raw != want {
		return 0, 0, malformed(ErrLength, "tensor %q: %d bytes stated, shape %v of %s has %d", t.Name, t.Raw, t.Shape, t.DType, want)
	}
	size = 4 * n
	if (t.Scale != nil) != t.DType.quantised() {
		return 0, 0, malformed(ErrHeader, "tensor %q: scales belong to quantised types only, the type is %s", t.Name, t.DType)
	}
	if s := t.Scale; s != nil {
		if s.Group < 1 || int64(s.Group) > max(n, 1) {
			return 0, 0, malformed(ErrShape, "tensor %q: scale group of %d elements, tensor of %d", t.Name, s.Group, n)
		}
		count := geometryOf(t.Shape, int(n), s.Group).scales(int(n))
		if want := 4 * int64(count); s.Raw != want {
			return 0, 0, malformed(ErrLength, "tensor %q: %d bytes of scales stated, %d needed", t.Name, s.Raw, want)
		}
		size += s.Raw
		if next, err = checkChunks(t.Name, s.Raw, s.Chunks, next); err != nil {
			return 0, 0, err
		}
	}
	end, err = checkChunks(t.Name, t.Raw, t.Chunks, next)
	return size, end, err
}

// elements is the checked product of a shape.
func elements(name string, shape []int) (int64, error) {
	if len(shape) > MaxRank {
		return 0, malformed(ErrLimit, "tensor %q: rank %d, limit %d", name, len(shape), MaxRank)
	}
	n := uint64(1)
	for _, d := range shape {
		if d < 0 {
			return 0, malformed(ErrShape, "tensor %q: dimension %d", name, d)
		}
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > math.MaxInt64/16 {
			return 0, malformed(ErrShape, "tensor %q: the product of shape %v overflows", name, shape)
		}
		n = lo
	}
	return int64(n), nil
}

func checkChunks(name string, raw int64, chunks []Chunk, next int64) (int64, error) {
	left := raw
	for i, c := range chunks {
		fail := func(kind error, format string, args ...any) (int64, error) {
			return 0, malformed(kind, "tensor %q: chunk %d: %s", name, i, fmt.Sprintf(format, args...))
		}
		switch {
		case c.Raw > MaxChunk:
			return fail(ErrLimit, "%s before compression, limit %s", human(c.Raw), human(MaxChunk))
		case c.Raw != min(left, MaxChunk) || c.Raw <= 0:
			return fail(ErrLength, "%d bytes before compression, want %d", c.Raw, min(left, MaxChunk))
		case c.Offset < next:
			return fail(ErrOverlap, "begins at %d, the previous one ends at %d", c.Offset, next)
		case c.Offset > next:
			return fail(ErrHole, "begins at %d, the previous one ends at %d", c.Offset, next)
		case c.Zero && (c.Stored != 0 || c.SHA256 != ""):
			return fail(ErrHeader, "stores bytes and is flagged zero")
		case c.Zero:
		case c.Stored <= 0 || c.Stored > MaxChunk+MaxChunk/64:
			return fail(ErrLength, "%d stored bytes for %d", c.Stored, c.Raw)
		case c.Raw > MaxRatio*c.Stored:
			return fail(ErrRatio, "%d bytes from %d, limit %d to 1", c.Raw, c.Stored, MaxRatio)
		case !isDigest(c.SHA256):
			return fail(ErrHeader, "digest is not 64 lower-case hexadecimal digits")
		}
		left -= c.Raw
		next += c.Stored
	}
	if left != 0 {
		return 0, malformed(ErrLength, "tensor %q: the chunks lack %d of %d bytes", name, left, raw)
	}
	return next, nil
}

func isDigest(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == digestSize && hex.EncodeToString(b) == s
}

// human prints a number of bytes in the unit people use.
func human(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d bytes", n)
}
