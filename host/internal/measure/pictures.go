package measure

import (
	"bytes"

	"github.com/drdc-dev/drdc/runtime/eval"
	"github.com/drdc-dev/drdc/runtime/imgio"
)

// Pictures are two small JPEGs of an image of a report, at most side pixels: the image
// with the outline of the truth, and with the heatmap of the job's rule over it. The
// colours run over span.
func (m *Measurement) Pictures(path string, span imgio.Range, side int) (image, overlay []byte, err error) {
	d, err := m.find(path)
	if err != nil {
		return nil, nil, err
	}
	img, err := d.Load(imgio.DefaultLimits())
	if err != nil {
		return nil, nil, err
	}
	small, err := imgio.Thumbnail(img, side)
	if err != nil {
		return nil, nil, err
	}
	heat, err := m.read(d.row, 0)
	if err != nil {
		return nil, nil, err
	}
	hot, err := imgio.Overlay(small, heat, imgio.DefaultOverlay(span))
	if err != nil {
		return nil, nil, err
	}
	truth, err := d.Truth(small.W, small.H, imgio.DefaultLimits())
	if err != nil {
		return nil, nil, err
	}
	var files [2][]byte
	for i, p := range []*imgio.RGB{small, hot} {
		if p, err = outlined(p, truth.Labels); err != nil {
			return nil, nil, err
		}
		var b bytes.Buffer
		if err := imgio.EncodeJPEG(&b, p, pictureQuality); err != nil {
			return nil, nil, err
		}
		files[i] = b.Bytes()
	}
	return files[0], files[1], nil
}

// Span is the range of the maps of some images of a report, so that pictures of them
// have the same colours for the same values.
func (m *Measurement) Span(scores []eval.Score) (span imgio.Range, err error) {
	for i, s := range scores {
		h, err := m.Heatmap(s.Path, 0)
		if err != nil {
			return span, err
		}
		r, err := h.Range()
		if err != nil {
			return span, err
		}
		if i == 0 {
			span = r
		}
		span.Lo, span.Hi = min(span.Lo, r.Lo), max(span.Hi, r.Hi)
	}
	return span, nil
}

const pictureQuality = 85

// outlined draws a line around the pixels whose label is not 0; labels may be nil.
func outlined(img *imgio.RGB, labels []uint8) (*imgio.RGB, error) {
	if labels == nil {
		return img, nil
	}
	m := &imgio.Heatmap{W: img.W, H: img.H, Val: make([]float32, len(labels))}
	for i, l := range labels {
		m.Val[i] = float32(min(l, 1))
	}
	return imgio.Overlay(img, m, imgio.OverlayOptions{Range: imgio.Range{Lo: 0, Hi: 1}, Contour: true, Threshold: 0.5})
}
