package worker

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A frame is a prefix, a JSON header and a payload. The prefix holds, little
// endian: the mark, the header's length (uint32), the payload's (uint64).
const (
	frameMark  = "drdc"
	prefixSize = 16
	maxHeader  = 64 << 10
	maxPayload = 1 << 32
)

// errFrame says that the other end does not speak frames.
var errFrame = errors.New("worker: not a frame")

// message is the header of a frame. Kind says which fields count.
type message struct {
	Type string `json:"type"`

	Spec  *Spec     `json:"spec,omitempty"`  // open
	Image *imageJob `json:"image,omitempty"` // image
	Next  *imageJob `json:"next,omitempty"`  // image: what will likely be asked for after it
	Info  *Info     `json:"info,omitempty"`  // ready
	Text  string    `json:"text,omitempty"`  // note, warn, failed, fatal, lost
	Kind  string    `json:"kind,omitempty"`  // file
	Reply *Reply    `json:"reply,omitempty"` // done

	NoDevice bool `json:"no_device,omitempty"` // fatal
}

// The types of messages. The parent sends open, then images one at a time; each
// is answered by any number of files, then done or failed. An image may name the next,
// which the worker begins with beside it; nothing depends on whether that one is asked
// for, and what is wrong with it shows when it is.
const (
	typeOpen    = "open"
	typeImage   = "image"
	typeReady   = "ready"
	typeBeat    = "beat"
	typeNote    = "note"
	typeWarn    = "warn"
	typeFile    = "file"    // with a payload
	typeDone    = "done"    //
	typeFailed  = "failed"  // the image cannot be done
	typeFatal   = "fatal"   // no image can
	typeLost    = "lost"    // the device is gone; the worker ends
	typeProfile = "profile" // with a payload, after the last image
)

// imageJob names a file; paths are bytes, which JSON keeps exact.
type imageJob struct {
	Root []byte `json:"root"`
	Rel  []byte `json:"rel"`
}

// Reply is what a worker found in one image, besides the files.
type Reply struct {
	SHA256 string  `json:"sha256"`
	Width  int     `json:"width"`
	Height int     `json:"height"`
	Score  float64 `json:"score"`
	Class  string  `json:"class,omitempty"`
	// Seconds is the work on the image: reading, decoding, Result.Seconds and encoding,
	// without what it waited for the image before it.
	Seconds float64 `json:"seconds"`
	// Rule made the result when the one of Spec could not; else "".
	Rule string `json:"rule,omitempty"`
	// Numbers are those that a plugin named.
	Numbers map[string]float64 `json:"numbers,omitempty"`
	// Scores are those of the variants, in the order of the spec.
	Scores []float64 `json:"scores,omitempty"`
	// Adapter is filled in by the client.
	Adapter string `json:"-"`
}

// writeFrame sends one frame in one write. A text that would not fit into a
// header is cut.
func writeFrame(w io.Writer, m message, payload []byte) error {
	const maxText = 4 << 10
	if len(m.Text) > maxText {
		m.Text = m.Text[:maxText]
	}
	header, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if len(header) > maxHeader {
		return fmt.Errorf("worker: header of %d bytes, limit %d", len(header), maxHeader)
	}
	frame := make([]byte, prefixSize, prefixSize+len(header)+len(payload))
	copy(frame, frameMark)
	binary.LittleEndian.PutUint32(frame[4:], uint32(len(header)))
	binary.LittleEndian.PutUint64(frame[8:], uint64(len(payload)))
	frame = append(append(frame, header...), payload...)
	_, err = w.Write(frame)
	return err
}

// readFrame reads a header. The payload must be read before the next frame. It
// returns io.EOF where the stream ends between frames.
func readFrame(r io.Reader) (message, *io.LimitedReader, error) {
	var m message
	prefix := make([]byte, prefixSize)
	if _, err := io.ReadFull(r, prefix); err != nil {
		return m, nil, err
	}
	header, payload := binary.LittleEndian.Uint32(prefix[4:]), binary.LittleEndian.Uint64(prefix[8:])
	if string(prefix[:4]) != frameMark || header > maxHeader || payload > maxPayload {
		return m, nil, errFrame
	}
	data := make([]byte, header)
	if _, err := io.ReadFull(r, data); err != nil {
		return m, nil, err
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, nil, fmt.Errorf("%w: %w", errFrame, err)
	}
	return m, &io.LimitedReader{R: r, N: int64(payload)}, nil
}
