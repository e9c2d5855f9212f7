package imgio

import "encoding/binary"

// checkBMP uses the bit depth: the pixels of the BMP files that are read are not compressed.
func checkBMP(b []byte, w, h int) (header, error) {
	bits := int64(binary.LittleEndian.Uint16(b[28:]))
	row := (int64(w)*bits + 31) / 32 * 4
	return header{orient: 1, memory: 4 * int64(w) * int64(h), needs: row * int64(h)}, nil
}
