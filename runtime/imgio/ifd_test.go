package imgio

import (
	"encoding/binary"
	"testing"
)

func TestReadIFD(t *testing.T) {
	entry := func(order binary.AppendByteOrder, kind uint16, count uint32, value ...byte) []byte {
		b := exifBlock(order, 0)[:10]
		b = order.AppendUint16(b, tagBits)
		b = order.AppendUint16(b, kind)
		b = order.AppendUint32(b, count)
		return append(b, value...)
	}
	le, be := binary.LittleEndian, binary.BigEndian
	for _, c := range []struct {
		name  string
		block []byte
		want  ifdValue
		found bool
	}{
		{"byte", entry(le, 1, 1, 7, 9, 9, 9), ifdValue{7, 1}, true},
		{"short", entry(le, 3, 1, 1, 2, 9, 9), ifdValue{0x0201, 1}, true},
		{"short, big-endian", entry(be, 3, 1, 1, 2, 9, 9), ifdValue{0x0102, 1}, true},
		{"long, big-endian", entry(be, 4, 1, 1, 2, 3, 4), ifdValue{0x01020304, 1}, true},
		{"three shorts elsewhere", entry(le, 3, 3, 22, 0, 0, 0, 8, 0, 8, 0, 8, 0), ifdValue{8, 3}, true},
		{"elsewhere past the end", entry(le, 3, 3, 21, 1, 0, 0, 8, 0), ifdValue{}, false},
		{"elsewhere at the end of 4 GiB", entry(le, 4, 3, 255, 255, 255, 255), ifdValue{}, false},
		{"most values", entry(le, 4, 0xffffffff, 22, 0, 0, 0, 8, 0, 0, 0), ifdValue{8, 0xffffffff}, true},
		{"no values", entry(le, 3, 0, 1, 0, 0, 0), ifdValue{}, false},
		{"ratio", entry(le, 5, 1, 1, 0, 0, 0), ifdValue{}, false},
		{"cut entry", entry(le, 3, 1, 1), ifdValue{}, false},
		{"no directory", []byte("II*\x00\xff\xff\xff\xff"), ifdValue{}, false},
		{"no header", []byte("II*"), ifdValue{}, false},
		{"other file", []byte("GIF89a--------"), ifdValue{}, false},
	} {
		got, found := readIFD(c.block, tagBits)[tagBits]
		if got != c.want || found != c.found {
			t.Errorf("%s: %v, %v; want %v, %v", c.name, got, found, c.want, c.found)
		}
	}
}
