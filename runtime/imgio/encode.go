package imgio

import (
	"fmt"
	"image/jpeg"
	"io"
)

// EncodePNG writes an image as 8-bit colour PNG with texts as text chunks. Equal input gives equal bytes.
func EncodePNG(w io.Writer, m *RGB, texts ...Text) error {
	if err := m.check(); err != nil {
		return fmt.Errorf("imgio: encode PNG: %w", err)
	}
	return encodePNG(w, m.rgba(), texts)
}

// EncodeJPEG writes an image as JPEG of the given quality, 1 to 100, for pages that embed many.
func EncodeJPEG(w io.Writer, m *RGB, quality int) error {
	if err := m.check(); err != nil {
		return fmt.Errorf("imgio: encode JPEG: %w", err)
	}
	if quality < 1 || quality > 100 {
		return fmt.Errorf("imgio: encode JPEG: %w: quality %d, want 1 to 100", ErrSize, quality)
	}
	if err := jpeg.Encode(w, m.rgba(), &jpeg.Options{Quality: quality}); err != nil {
		return fmt.Errorf("imgio: encode JPEG: %w", err)
	}
	return nil
}

// Thumbnail scales an image down to at most side pixels in width and height, aspect kept; a smaller image is returned
// as it is. It wraps [ErrSize].
func Thumbnail(m *RGB, side int) (*RGB, error) {
	if side <= 0 {
		return nil, fmt.Errorf("imgio: thumbnail: %w: side %d px", ErrSize, side)
	}
	long := max(m.W, m.H)
	if long <= side {
		return m, m.check()
	}
	fit := func(n int) int { return max((n*side+long/2)/long, 1) }
	return Resize(m, fit(m.W), fit(m.H))
}
