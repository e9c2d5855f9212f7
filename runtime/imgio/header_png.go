package imgio

import "encoding/binary"

// maxDeflate is the largest expansion of a deflate stream: 258 bytes from 2 bits.
const maxDeflate = 1032

// checkPNG reads IHDR, whose place is fixed, and walks the chunks for an eXIf block.
func checkPNG(b []byte, w, h int) (header, error) {
	const ihdr = 16
	depth, colour, interlaced := int64(b[ihdr+8]), b[ihdr+9], b[ihdr+12] != 0
	channels := map[byte]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
	pixels := int64(w) * int64(h)
	out := header{orient: 1, memory: 4 * pixels, needs: pixels * depth * channels / 8 / maxDeflate}
	if depth == 16 {
		out.memory = 8 * pixels
	}
	if interlaced {
		out.memory *= 2 // the passes together are as large as the picture
	}
	for kind, body := range pngChunks(b) {
		if kind == "eXIf" {
			out.orient = exifOrientation(body)
			break
		}
	}
	return out, nil
}

// pngChunks yields type and body of each whole chunk of a PNG file, checksums unread, up to the first that does not fit.
func pngChunks(b []byte) func(yield func(string, []byte) bool) {
	return func(yield func(string, []byte) bool) {
		for b := b[8:]; len(b) >= 12; {
			n := uint64(binary.BigEndian.Uint32(b))
			if n+12 > uint64(len(b)) || !yield(string(b[4:8]), b[8:8+n]) {
				return
			}
			b = b[n+12:]
		}
	}
}
