package weights

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Streamed is what Stream knows of a file once its header has arrived.
type Streamed struct {
	Header Header
	// Digest is the model's identity, as File.Digest.
	Digest string
}

// Stream reads a model file from r to its end and hands over each tensor, sorted by name, as soon as it is complete: values
// row-major as float32. It holds one tensor and two chunks at a time, so a browser can decode while it downloads. begin is called
// once with the checked header before the first tensor and may be nil, as may progress. An error from begin or each ends the
// stream and is returned. Bytes handed over before a later chunk proves damaged are sound themselves; the model is complete only
// when Stream returns nil.
func Stream(ctx context.Context, r io.Reader, progress Progress, begin func(Streamed) error, each func(t Tensor, data []float32) error, opts ...Option) error {
	o := gather(opts)
	front := make([]byte, prefixSize)
	if err := readFull(r, front); err != nil {
		return err
	}
	n, err := parsePrefix(front)
	if err != nil {
		return err
	}
	front = append(front, make([]byte, n+digestSize)...)
	if err := readFull(r, front[prefixSize:]); err != nil {
		return err
	}
	h, digest, total, err := parseFront(front, o)
	if err != nil {
		return err
	}
	if begin != nil {
		f := File{header: h}
		if err := begin(Streamed{Header: f.Header(), Digest: hex.EncodeToString(digest[:])}); err != nil {
			return err
		}
	}
	d := &decoder{trust: o.trust}
	m := meter{report: progress, total: total}
	get := func(c Chunk, b []byte) error {
		if err := readFull(r, b); err != nil {
			return err
		}
		m.add(c.Stored)
		return nil
	}
	for i := range h.Tensors {
		t := &h.Tensors[i]
		data, err := d.tensor(ctx, t, get)
		if err != nil {
			return err
		}
		if err := each(t.clone(), data); err != nil {
			return err
		}
	}
	if n, err := io.ReadFull(r, make([]byte, 1)); n > 0 {
		return malformed(ErrTrailing, "the stream goes on after the last chunk")
	} else if !errors.Is(err, io.EOF) {
		return fmt.Errorf("weights: read: %w", err)
	}
	return nil
}

func readFull(r io.Reader, b []byte) error {
	n, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return malformed(ErrTruncated, "the stream ends %d bytes early in a piece of %d", len(b)-n, len(b))
	}
	if err != nil {
		return fmt.Errorf("weights: read: %w", err)
	}
	return nil
}
