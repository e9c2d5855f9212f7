package imgio

import "encoding/binary"

// Tags of the TIFF 6.0 image file directory that the header checks need.
const (
	tagWidth       = 256
	tagHeight      = 257
	tagBits        = 258
	tagCompression = 259
	tagPhotometric = 262
	tagOrientation = 274
	tagRowsStrip   = 278
	tagTileWidth   = 322
	tagTileHeight  = 323
)

// ifdValue is the first value of a directory entry and the number of values.
type ifdValue struct{ first, count uint32 }

// readIFD returns the wanted BYTE, SHORT and LONG entries of the first directory of a TIFF structure (a TIFF file or an EXIF
// block). Empty entries and entries out of bounds are
// left out: the decoder proper takes the first for absent and reports the second.
func readIFD(b []byte, want ...uint16) map[uint16]ifdValue {
	out := map[uint16]ifdValue{}
	order, ok := tiffOrder(b)
	if !ok {
		return out
	}
	at := uint64(order.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return out
	}
	entries := b[at+2:]
	for n := order.Uint16(b[at:]); n > 0 && len(entries) >= 12; n, entries = n-1, entries[12:] {
		tag := order.Uint16(entries)
		for _, w := range want {
			if tag != w {
				continue
			}
			if v, ok := ifdEntry(b, entries[:12], order); ok {
				out[tag] = v
			}
		}
	}
	return out
}

func ifdEntry(b, e []byte, order binary.ByteOrder) (ifdValue, bool) {
	kind, count := order.Uint16(e[2:]), order.Uint32(e[4:])
	size := map[uint16]uint64{1: 1, 3: 2, 4: 4}[kind]
	if size == 0 || count == 0 {
		return ifdValue{}, false
	}
	raw := e[8:]
	if size*uint64(count) > 4 {
		at := uint64(order.Uint32(raw))
		if at+size > uint64(len(b)) {
			return ifdValue{}, false
		}
		raw = b[at:]
	}
	switch kind {
	case 1:
		return ifdValue{uint32(raw[0]), count}, true
	case 3:
		return ifdValue{uint32(order.Uint16(raw)), count}, true
	}
	return ifdValue{order.Uint32(raw), count}, true
}

func tiffOrder(b []byte) (binary.ByteOrder, bool) {
	if len(b) < 8 {
		return nil, false
	}
	switch string(b[:4]) {
	case "II*\x00":
		return binary.LittleEndian, true
	case "MM\x00*":
		return binary.BigEndian, true
	}
	return nil, false
}
