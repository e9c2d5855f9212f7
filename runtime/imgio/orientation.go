package imgio

import "bytes"

// orientation is the EXIF tag 274: 1 upright, 2 mirrored, 3 turned by 180 degrees, 4 flipped, 5 transposed, 6 to be
// turned clockwise, 7 transversed, 8 to be turned counter-clockwise.
type orientation int

// exifOrientation reads the orientation out of an EXIF block, with or without its "Exif" prefix. A missing or
// senseless value is 1, as viewers treat it.
func exifOrientation(b []byte) orientation {
	v, ok := readIFD(bytes.TrimPrefix(b, []byte("Exif\x00\x00")), tagOrientation)[tagOrientation]
	if !ok || v.first < 1 || v.first > 8 {
		return 1
	}
	return orientation(v.first)
}

// place says where stored pixels go: pixel (x, y) of a stored w x h image is pixel base + x*dx + y*dy of an upright
// image of outW x outH pixels.
func (o orientation) place(w, h int) (outW, outH, base, dx, dy int) {
	switch o {
	case 2:
		return w, h, w - 1, -1, w
	case 3:
		return w, h, w*h - 1, -1, -w
	case 4:
		return w, h, w * (h - 1), 1, -w
	case 5:
		return h, w, 0, h, 1
	case 6:
		return h, w, h - 1, h, -1
	case 7:
		return h, w, w*h - 1, -h, -1
	case 8:
		return h, w, h * (w - 1), -h, 1
	}
	return w, h, 0, 1, w
}
