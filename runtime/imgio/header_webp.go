package imgio

import (
	"encoding/binary"
	"fmt"
)

func isWebP(b []byte) bool {
	return len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP"
}

// checkWebP walks the RIFF chunks. Nothing is said about the shortest file: a picture of one colour takes a few bytes.
func checkWebP(b []byte, w, h int) (header, error) {
	out := header{orient: 1, memory: 9 * int64(w) * int64(h)} // lossless pixels and their transforms, or planes and alpha
	for b := b[12:]; len(b) >= 8; {
		n := uint64(binary.LittleEndian.Uint32(b[4:]))
		if n > uint64(len(b)-8) {
			break
		}
		switch string(b[:4]) {
		case "ANIM":
			return header{}, fmt.Errorf("%w: animated WebP", ErrFormat)
		case "EXIF":
			out.orient = exifOrientation(b[8 : 8+n])
		}
		b = b[min(8+n+n&1, uint64(len(b))):]
	}
	return out, nil
}
