package plugin

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// littleEndian is how this machine stores numbers; WebAssembly always does so.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// raw is the memory of values, in this machine's order.
func raw(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}

// putPixels writes values to the memory of a guest.
func putPixels(dst []byte, values []float32) {
	if littleEndian {
		copy(dst, raw(values))
		return
	}
	for i, v := range values {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
	}
}

// getPixels reads values from the memory of a guest.
func getPixels(values []float32, src []byte) {
	if littleEndian {
		copy(raw(values), src)
		return
	}
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

// fillNaN writes a NaN to every value.
func fillNaN(dst []byte) {
	n := copy(dst, "\xff\xff\xff\xff")
	for n < len(dst) {
		n += copy(dst[n:], dst[:n])
	}
}
