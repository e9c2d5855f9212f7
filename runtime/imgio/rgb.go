package imgio

import (
	"fmt"
	"image"
)

// RGB is an 8-bit colour image: Pix holds H rows of W pixels of 3 bytes (red, green, blue), without padding.
type RGB struct {
	W, H int
	Pix  []uint8
}

// NewRGB returns a black image of w x h pixels. It wraps [ErrSize] when w or h is not positive.
func NewRGB(w, h int) (*RGB, error) {
	if w <= 0 || h <= 0 {
		return nil, fmt.Errorf("imgio: new image: %w: %d x %d px", ErrSize, w, h)
	}
	return &RGB{W: w, H: h, Pix: make([]uint8, 3*w*h)}, nil
}

// rgba copies the image into the type for which the standard encoders have a fast path.
func (m *RGB) rgba() *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	for i, j := 0, 0; i < len(m.Pix); i, j = i+3, j+4 {
		out.Pix[j], out.Pix[j+1], out.Pix[j+2], out.Pix[j+3] = m.Pix[i], m.Pix[i+1], m.Pix[i+2], 255
	}
	return out
}

// check refuses an image whose fields contradict each other.
func (m *RGB) check() error {
	if m.W <= 0 || m.H <= 0 || len(m.Pix) != 3*m.W*m.H {
		return fmt.Errorf("%w: image of %d x %d px with %d bytes", ErrSize, m.W, m.H, len(m.Pix))
	}
	return nil
}
