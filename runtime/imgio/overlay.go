package imgio

import (
	"fmt"
	"math"
)

// OverlayOptions says how a heatmap is laid over its image.
type OverlayOptions struct {
	// Range is the values that get the first and the last colour.
	Range Range
	// Opacity, 0..1, is the weight of the colour at Range.Hi; it falls linearly to 0 at Range.Lo, where the image shows.
	Opacity float64
	// Contour draws a line around the regions whose value is at least Threshold.
	Contour   bool
	Threshold float32
}

// DefaultOverlay returns options for values in r: opacity 0.75, no contour.
func DefaultOverlay(r Range) OverlayOptions { return OverlayOptions{Range: r, Opacity: 0.75} }

// Validate wraps [ErrSize] for a range or an opacity that cannot be used and [ErrNonFinite] for a threshold that is NaN.
func (o OverlayOptions) Validate() error {
	if err := o.Range.check(); err != nil {
		return fmt.Errorf("imgio: overlay: %w", err)
	}
	if !(o.Opacity >= 0 && o.Opacity <= 1) {
		return fmt.Errorf("imgio: overlay: %w: opacity %g, want 0..1", ErrSize, o.Opacity)
	}
	if o.Contour && o.Threshold != o.Threshold {
		return fmt.Errorf("imgio: overlay: %w: threshold NaN", ErrNonFinite)
	}
	return nil
}

// Overlay returns a copy of img with the map, interpolated to its size, laid over it in the colours of [Ember]. The
// contour is white on a dark outside edge, each 1/300 of the longer side wide. It wraps [ErrNonFinite] and [ErrSize].
func Overlay(img *RGB, m *Heatmap, o OverlayOptions) (*RGB, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := img.check(); err != nil {
		return nil, fmt.Errorf("imgio: overlay: %w", err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("imgio: overlay: %w", err)
	}
	out := &RGB{W: img.W, H: img.H, Pix: make([]uint8, len(img.Pix))}
	colours := Ember()
	s := newSampler(m, img.W, img.H)
	line := newContour(s, o.Threshold, img.W, img.H)
	values := make([]float32, img.W)
	for y := range img.H {
		s.row(values, y)
		if o.Contour {
			line.seek(y)
		}
		for x, v := range values {
			at := 3 * (y*img.W + x)
			dst, src := out.Pix[at:at+3], img.Pix[at:at+3]
			if o.Contour {
				if shade, near := line.shade(x); near {
					dst[0], dst[1], dst[2] = shade, shade, shade
					continue
				}
			}
			share := o.Range.share(v)
			r, g, b := colours.At(share)
			weight := o.Opacity * share
			dst[0], dst[1], dst[2] = blend(src[0], r, weight), blend(src[1], g, weight), blend(src[2], b, weight)
		}
	}
	return out, nil
}

func blend(a, b uint8, weight float64) uint8 {
	step := (float64(b) - float64(a)) * weight
	return uint8(math.Round(float64(a) + step))
}

// contour finds the pixels next to the border of the region at or above a threshold: those that have a pixel of the
// other side at distance reach in one of eight directions.
type contour struct {
	s         *sampler
	threshold float32
	reach     int
	h         int
	rows      [3][]float32 // above, at and below the row in hand
}

func newContour(s *sampler, threshold float32, w, h int) *contour {
	c := &contour{s: s, threshold: threshold, reach: max(max(w, h)/300, 1), h: h}
	for i := range c.rows {
		c.rows[i] = make([]float32, w)
	}
	return c
}

func (c *contour) seek(y int) {
	for i, row := range c.rows {
		c.s.row(row, min(max(y+(i-1)*c.reach, 0), c.h-1))
	}
}

// shade returns the grey of pixel x when it is near the border: white inside of the region, dark outside.
func (c *contour) shade(x int) (shade uint8, near bool) {
	in := c.rows[1][x] >= c.threshold
	left, right := max(x-c.reach, 0), min(x+c.reach, len(c.rows[1])-1)
	for _, row := range c.rows {
		for _, nx := range [...]int{left, x, right} {
			if row[nx] >= c.threshold != in {
				if in {
					return 255, true
				}
				return 24, true
			}
		}
	}
	return 0, false
}
