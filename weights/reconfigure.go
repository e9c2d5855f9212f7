package weights

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Reconfigure stores the model file at from with another configuration at path, which may be the same. Every tensor keeps its
// stored bytes, bit for bit, and its chunks' digests are checked on the way; provenance and parts stay. It writes as Write
// does, and gives the new file's digest: that of the model changes with its configuration. Errors wrap ErrFormat with its
// kinds, ErrChecksum, or the file system's.
func Reconfigure(ctx context.Context, from, path string, config json.RawMessage, opts ...Option) (digest string, err error) {
	err = Replace(path, func(w io.Writer) (err error) {
		// Closed before the new file takes the name, which an open file may hold.
		f, err := Open(from, opts...)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		digest, err = f.reconfigure(ctx, w, config)
		return err
	})
	return digest, err
}

func (f *File) reconfigure(ctx context.Context, w io.Writer, config json.RawMessage) (digest string, err error) {
	h := f.Header()
	if h.Config, err = canonical(config); err != nil {
		return "", err
	}
	front, digest, err := h.front(f.opts)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(front); err != nil {
		return "", fmt.Errorf("weights: write: %w", err)
	}
	d := &decoder{trust: f.opts.trust}
	for i := range h.Tensors {
		t := &h.Tensors[i]
		chunks := t.Chunks
		if t.Scale != nil {
			chunks = slices.Concat(t.Scale.Chunks, chunks) // the order in the file
		}
		for _, c := range chunks {
			if err := ctx.Err(); err != nil {
				return "", err
			}
			if c.Zero {
				continue
			}
			if err := d.check(t.Name, c, f.fetch); err != nil {
				return "", err
			}
			if _, err := w.Write(d.stored); err != nil {
				return "", fmt.Errorf("weights: write: %w", err)
			}
		}
	}
	return digest, nil
}
