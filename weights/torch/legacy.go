package torch

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// LegacyMagic is how a legacy file begins: a pickle of PyTorch's magic number.
const LegacyMagic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."

// legacy is an open legacy checkpoint: five pickles (magic, protocol, system, value, storage keys), then the storages.
type legacy struct {
	r       io.ReaderAt
	value   any
	offsets map[string]int64
	big     bool
}

func openLegacy(r io.ReaderAt, size int64) (*legacy, error) {
	m := &machine{r: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 1<<16), limit: maxPickle}
	if _, err := m.run(); err != nil { // the magic number, seen by the caller
		return nil, err
	}
	protocol, err := m.run()
	if err != nil {
		return nil, err
	}
	if protocol != int64(1001) {
		return nil, fail(ErrUnsupported, "a legacy protocol other than 1001")
	}
	system, err := m.run()
	if err != nil {
		return nil, err
	}
	l := &legacy{r: r, offsets: map[string]int64{}}
	if d, ok := system.(*dict); ok {
		l.big = d.get("little_endian") == false
	}
	known := &storages{known: map[string]*storage{}}
	m.persistent = known.resolve
	if l.value, err = m.run(); err != nil {
		return nil, err
	}
	m.persistent = nil
	keys, err := m.run()
	if err != nil {
		return nil, err
	}
	order, ok := keys.(*list)
	if !ok {
		return nil, fail(ErrFormat, "the storage keys are a %T", keys)
	}
	return l, l.locate(order, known, m.read, size)
}

// locate finds where each storage lies: a count of 8 bytes, then the elements.
func (l *legacy) locate(order *list, known *storages, at, size int64) error {
	for _, k := range order.items {
		key, ok := k.(string)
		if !ok || known.known[key] == nil {
			return fail(ErrFormat, "the file stores %.40q, which no tensor uses", key)
		}
		s := known.known[key]
		if _, twice := l.offsets[key]; twice {
			return fail(ErrFormat, "storage %s is stored twice", clip(key))
		}
		if s.elem.size == 0 {
			return fail(ErrUnsupported, "the element type of storage %s", clip(key))
		}
		var head [8]byte
		if _, err := l.r.ReadAt(head[:], at); err != nil {
			return fail(ErrFormat, "the file ends before storage %s", clip(key))
		}
		count := int64(binary.LittleEndian.Uint64(head[:]))
		if l.big {
			count = int64(binary.BigEndian.Uint64(head[:]))
		}
		if count != s.count || count > (size-at-8)/s.elem.size {
			return fail(ErrFormat, "storage %s: %d elements stored, %d expected, %d bytes left", clip(key), count, s.count, size-at-8)
		}
		l.offsets[key] = at + 8
		at += 8 + count*s.elem.size
	}
	return nil
}

// read gives the bytes of a storage.
func (l *legacy) read(s *storage) ([]byte, error) {
	at, ok := l.offsets[s.key]
	if !ok {
		return nil, fail(ErrFormat, "storage %s is not in the file", clip(s.key))
	}
	b := make([]byte, s.count*s.elem.size)
	if n, err := l.r.ReadAt(b, at); n < len(b) && !errors.Is(err, io.EOF) {
		return nil, fail(ErrFormat, "storage %s: %v", clip(s.key), err)
	} else if n < len(b) {
		return nil, fail(ErrFormat, "the file ends in storage %s", clip(s.key))
	}
	return b, nil
}
