package imgio

import "fmt"

// ResizeNearest scales an image to w x h, aspect ignored, exactly as PIL's Image.resize with NEAREST does: pixel o is
// input pixel floor((o+0.5)*in/out), the position summed in float64 from pixel to pixel. It wraps [ErrSize] for sizes
// that are not positive.
func ResizeNearest(src *RGB, w, h int) (*RGB, error) {
	if err := src.check(); err != nil {
		return nil, fmt.Errorf("imgio: resize: %w", err)
	}
	if w <= 0 || h <= 0 {
		return nil, fmt.Errorf("imgio: resize: %w: %d x %d px to %d x %d px", ErrSize, src.W, src.H, w, h)
	}
	out := &RGB{W: w, H: h, Pix: make([]uint8, 3*w*h)}
	columns, rows := nearest(src.W, w), nearest(src.H, h)
	at := 0
	for _, sy := range rows {
		row := src.Pix[3*src.W*sy:]
		for _, sx := range columns {
			copy(out.Pix[at:at+3], row[3*sx:3*sx+3])
			at += 3
		}
	}
	return out, nil
}

func nearest(in, out int) []int {
	scale := float64(in) / float64(out)
	index := make([]int, out)
	at := scale * 0.5
	for o := range index {
		index[o] = min(int(at), in-1)
		at += scale
	}
	return index
}

// GroundTruth turns a decoded mask picture into h*w labels (rows first), 0 normal and 1 defective: NEAREST to w x h,
// then 1 where any channel is above 0 (method section 5).
func GroundTruth(mask *RGB, w, h int) ([]uint8, error) {
	small, err := ResizeNearest(mask, w, h)
	if err != nil {
		return nil, err
	}
	labels := make([]uint8, w*h)
	for i := range labels {
		if p := small.Pix[3*i : 3*i+3]; p[0]|p[1]|p[2] != 0 {
			labels[i] = 1
		}
	}
	return labels, nil
}
