package weights

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sort"
	"sync"
)

// File is an open model file. Its methods may be used from several goroutines at once.
type File struct {
	r      io.ReaderAt
	closer io.Closer
	header *Header
	digest string
	base   int64 // where chunk offsets count from
	opts   options

	mu   sync.Mutex
	idle []*decoder
}

// Open opens the file at path and checks its header; the digests of chunks are checked as they are read. Errors wrap
// ErrFormat with its kinds, ErrChecksum, or the file system's. Close it after use.
func Open(path string, opts ...Option) (*File, error) {
	osf, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	info, err := osf.Stat()
	if err != nil {
		osf.Close()
		return nil, fmt.Errorf("weights: %w", err)
	}
	f, err := NewReader(osf, info.Size(), opts...)
	if err != nil {
		osf.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.closer = osf
	return f, nil
}

// NewReader opens the size bytes of r as a model file. It reads the header only.
func NewReader(r io.ReaderAt, size int64, opts ...Option) (*File, error) {
	return newReader(r, size, gather(opts))
}

func newReader(r io.ReaderAt, size int64, o options) (*File, error) {
	if size < prefixSize {
		return nil, malformed(ErrTruncated, "%d bytes, the shortest file has %d", size, prefixSize+digestSize)
	}
	prefix := make([]byte, prefixSize)
	if err := readAt(r, prefix, 0); err != nil {
		return nil, err
	}
	n, err := parsePrefix(prefix)
	if err != nil {
		return nil, err
	}
	base := prefixSize + n + digestSize
	if size < base {
		return nil, malformed(ErrTruncated, "%d bytes, the header ends at %d", size, base)
	}
	front := make([]byte, base)
	if err := readAt(r, front, 0); err != nil {
		return nil, err
	}
	h, digest, end, err := parseFront(front, o)
	if err != nil {
		return nil, err
	}
	switch {
	case size < base+end:
		return nil, malformed(ErrTruncated, "%d bytes, the last chunk ends at %d", size, base+end)
	case size > base+end:
		return nil, malformed(ErrTrailing, "%d bytes, the last chunk ends at %d", size, base+end)
	}
	return &File{r: r, header: h, digest: hex.EncodeToString(digest[:]), base: base, opts: o}, nil
}

func readAt(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return malformed(ErrTruncated, "%d bytes wanted at %d, %d there", len(b), off, n)
	}
	return fmt.Errorf("weights: read at %d: %w", off, err)
}

// Close closes the file that Open opened; tensors already read stay valid.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// Digest is the model's identity: the SHA-256 of everything before the header digest, which covers the digests of all chunks,
// as 64 hexadecimal digits.
func (f *File) Digest() string { return f.digest }

// Header gives a copy of the header.
func (f *File) Header() Header {
	h := Header{Meta: Meta{Config: slices.Clone(f.header.Config), Parts: maps.Clone(f.header.Parts), Provenance: maps.Clone(f.header.Provenance)}}
	h.Tensors = make([]Tensor, len(f.header.Tensors))
	for i := range h.Tensors {
		h.Tensors[i] = f.header.Tensors[i].clone()
	}
	return h
}

// Config gives a copy of the configuration, a JSON object.
func (f *File) Config() json.RawMessage { return slices.Clone(f.header.Config) }

// Tensor describes the tensor called name, or the error wraps ErrNotFound.
func (f *File) Tensor(name string) (Tensor, error) {
	t, err := f.find(name)
	if err != nil {
		return Tensor{}, err
	}
	return t.clone(), nil
}

func (f *File) find(name string) (*Tensor, error) {
	ts := f.header.Tensors
	i := sort.Search(len(ts), func(i int) bool { return ts[i].Name >= name })
	if i == len(ts) || ts[i].Name != name {
		return nil, fmt.Errorf("weights: tensor %q: %w", clip(name), ErrNotFound)
	}
	return &ts[i], nil
}

// Float32 gives the values of a tensor, row-major, widened or dequantised to float32.
func (f *File) Float32(ctx context.Context, name string) ([]float32, error) {
	t, err := f.find(name)
	if err != nil {
		return nil, err
	}
	d := f.borrow()
	defer f.giveBack(d)
	return d.tensor(ctx, t, f.fetch)
}

// tensor decodes one tensor chunk by chunk. The result is allocated once its first chunk has proved sound.
func (d *decoder) tensor(ctx context.Context, t *Tensor, get fetch) ([]float32, error) {
	scales, err := d.scales(t, get)
	if err != nil {
		return nil, err
	}
	var out []float32
	for i, c := range t.Chunks {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		planes, err := d.chunk(t.Name, c, get)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = make([]float32, t.Len())
		}
		from, to := t.span(i)
		t.values(out[from:to], planes, from, scales)
	}
	return out, nil
}

// Raw gives the elements of a tensor as stored before compression: little-endian, row-major, Int4 two to a byte with the first
// in the low half. Scales is nil unless the type is quantised; Tensor.Scale says how they apply.
func (f *File) Raw(ctx context.Context, name string) (data []byte, scales []float32, err error) {
	t, err := f.find(name)
	if err != nil {
		return nil, nil, err
	}
	d := f.borrow()
	defer f.giveBack(d)
	if scales, err = d.scales(t, f.fetch); err != nil {
		return nil, nil, err
	}
	for i, c := range t.Chunks {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		planes, err := d.chunk(t.Name, c, f.fetch)
		if err != nil {
			return nil, nil, err
		}
		if data == nil {
			data = make([]byte, t.Raw)
		}
		joinPlanes(data[i*MaxChunk:][:c.Raw], planes, t.DType.planeSize())
	}
	return data, scales, nil
}

func (f *File) fetch(c Chunk, b []byte) error { return readAt(f.r, b, f.base+c.Offset) }

func (f *File) borrow() *decoder {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.idle); n > 0 {
		d := f.idle[n-1]
		f.idle = f.idle[:n-1]
		return d
	}
	return &decoder{trust: f.opts.trust}
}

// giveBack keeps one decoder for the next call; more would hold buffers for nothing.
func (f *File) giveBack(d *decoder) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.idle) == 0 {
		f.idle = append(f.idle, d)
	}
}
