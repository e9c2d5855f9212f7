package imgio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
)

// npyMagic opens a NumPy array file of format 1.0.
const npyMagic = "\x93NUMPY\x01\x00"

// WriteNPY writes a map as a NumPy array file: format 1.0, little-endian float32, shape [H,W], C order. Values are
// kept bit for bit. It wraps [ErrNonFinite] and [ErrSize].
func WriteNPY(w io.Writer, m *Heatmap) error {
	if err := m.check(); err != nil {
		return fmt.Errorf("imgio: npy: %w", err)
	}
	head := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", m.H, m.W)
	const fixed = len(npyMagic) + 2
	padded := (fixed+len(head)+1+63)&^63 - fixed
	out := append([]byte(npyMagic), byte(padded), byte(padded>>8))
	out = append(out, head...)
	for len(out) < fixed+padded-1 {
		out = append(out, ' ')
	}
	out = append(out, '\n')
	for _, v := range m.Val {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	if _, err := w.Write(out); err != nil {
		return fmt.Errorf("imgio: write npy: %w", err)
	}
	return nil
}

// ReadNPY reads a map from a NumPy array file of format 1.0 held in memory: little-endian float32 in C order, shape
// [H,W]. name is used in errors only. It wraps [ErrFormat] for other arrays, [ErrCorrupt] for a wrong length,
// [ErrTooLarge] beyond lim and [ErrNonFinite].
func ReadNPY(data []byte, name string, lim Limits) (*Heatmap, error) {
	m, err := readNPY(data, lim)
	if err != nil {
		return nil, fmt.Errorf("imgio: %q: %w", name, err)
	}
	return m, nil
}

func readNPY(data []byte, lim Limits) (*Heatmap, error) {
	if err := lim.checkFile(int64(len(data))); err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(data, []byte(npyMagic)) {
		return nil, fmt.Errorf("%w: not a .npy file of format 1.0", ErrFormat)
	}
	data = data[len(npyMagic):]
	if len(data) < 2 || len(data)-2 < int(binary.LittleEndian.Uint16(data)) {
		return nil, fmt.Errorf("%w: .npy header is cut short", ErrCorrupt)
	}
	n := int(binary.LittleEndian.Uint16(data))
	head, body := data[2:2+n], data[2+n:]
	shape := regexp.MustCompile(`^\{'descr': '<f4', 'fortran_order': False, 'shape': \((\d{1,9}), (\d{1,9})\), \} *\n$`)
	parts := shape.FindSubmatch(head)
	if parts == nil {
		return nil, fmt.Errorf("%w: .npy header %q, want a C-ordered array of '<f4' with two dimensions", ErrFormat, head)
	}
	h, errH := strconv.Atoi(string(parts[1]))
	w, errW := strconv.Atoi(string(parts[2]))
	if errH != nil || errW != nil {
		return nil, fmt.Errorf("%w: .npy shape in %q", ErrCorrupt, head)
	}
	if err := lim.checkPixels(w, h); err != nil {
		return nil, err
	}
	if len(body) != 4*w*h {
		return nil, fmt.Errorf("%w: .npy of shape (%d, %d) with %d bytes of data, want %d", ErrCorrupt, h, w, len(body), 4*w*h)
	}
	m := &Heatmap{W: w, H: h, Val: make([]float32, w*h)}
	for i := range m.Val {
		m.Val[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:]))
	}
	return m, m.check()
}
