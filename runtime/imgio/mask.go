package imgio

import (
	"fmt"
	"image"
	"io"
)

// EncodeMask writes an 8-bit grey PNG with texts as text chunks: 255 where the value is at least threshold, else 0,
// the form of the ground truth of MVTec-like sets. It wraps [ErrNonFinite] and [ErrSize].
func EncodeMask(w io.Writer, m *Heatmap, threshold float32, texts ...Text) error {
	if err := m.check(); err != nil {
		return fmt.Errorf("imgio: mask: %w", err)
	}
	if threshold != threshold {
		return fmt.Errorf("imgio: mask: %w: threshold NaN", ErrNonFinite)
	}
	img := image.NewGray(image.Rect(0, 0, m.W, m.H))
	for i, v := range m.Val {
		if v >= threshold {
			img.Pix[i] = 255
		}
	}
	return encodePNG(w, img, texts)
}
