package imgio

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// maxScans bounds the passes of a progressive JPEG: each costs a walk over the whole picture however few bytes it has,
// so that a file of many empty scans would run for hours. Encoders use about ten.
const maxScans = 256

// checkJPEG walks the markers for the frame header, the scans and the EXIF block.
func checkJPEG(b []byte, w, h int) (header, error) {
	out := header{orient: 1}
	var frame []byte
	progressive, adobe, exif, scans := false, false, false, 0
	for marker, body := range jpegSegments(b) {
		switch {
		case marker >= 0xc0 && marker <= 0xc2 && frame == nil:
			frame, progressive = body, marker == 0xc2
		case marker == 0xda:
			scans++
		case marker == 0xee:
			adobe = true
		case marker == 0xe1 && !exif && bytes.HasPrefix(body, []byte("Exif\x00\x00")):
			out.orient, exif = exifOrientation(body), true
		}
	}
	if scans > maxScans {
		return header{}, fmt.Errorf("%w: JPEG of %d scans, limit %d", ErrTooLarge, scans, maxScans)
	}
	if len(frame) < 6 || len(frame) < 6+3*int(frame[5]) {
		return header{}, fmt.Errorf("%w: JPEG without a whole frame header", ErrCorrupt)
	}
	components := int64(frame[5])
	var samples, most int64 = 0, 1
	for i := range components {
		hv := int64(frame[7+3*i])
		area := (hv >> 4) * (hv & 15)
		samples, most = samples+area, max(most, area)
	}
	pixels := int64(w) * int64(h)
	padded := (int64(w) + 31) &^ 31 * ((int64(h) + 31) &^ 31)
	planes := padded * samples / most
	out.memory = planes
	if progressive {
		out.memory += 4 * planes // coefficients of 32 bits
	}
	if components == 4 || components == 3 && (adobe || frame[6] == 'R') {
		out.memory += 4 * pixels // RGB and CMYK files are joined into one picture
	}
	out.needs = pixels / 64 / 8 // a block of 8 x 8 pixels takes a bit or more
	return out, nil
}

// jpegSegments yields marker and body of each segment, skipping entropy-coded data, as a lenient decoder does. Markers
// without a body are not yielded.
func jpegSegments(b []byte) func(yield func(byte, []byte) bool) {
	return func(yield func(byte, []byte) bool) {
		for b := b[2:]; ; {
			i := bytes.IndexByte(b, 0xff)
			if i < 0 {
				return
			}
			for i < len(b) && b[i] == 0xff {
				i++
			}
			if i == len(b) {
				return
			}
			marker := b[i]
			b = b[i+1:]
			if marker == 0xd9 {
				return
			}
			if marker == 0 || marker >= 0xd0 && marker <= 0xd7 {
				continue
			}
			if len(b) < 2 {
				return
			}
			n := int(binary.BigEndian.Uint16(b))
			if n < 2 || n > len(b) || !yield(marker, b[2:n]) {
				return
			}
			b = b[n:]
		}
	}
}
