package worker

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"

	"github.com/drdc-dev/drdc/runtime/imgio"
)

// Largest width or height, in pixels, of the pictures for people.
const (
	overlaySide = 2048
	previewSide = 360
)

const previewQuality = 82

// pictures makes the files of one result.
type pictures struct {
	spec    Spec
	image   *imgio.RGB
	overlay *imgio.RGB
	result  Result
	texts   []imgio.Text
}

// newPictures prepares what several kinds share. The heatmap and the raw map
// have the size of the model's map, the mask that of the image, the overlay
// that of the image up to overlaySide.
//
// With a threshold the overlay's colours run from half of it to one and a half,
// equal in all images, and a line surrounds what is above it; without one they
// run from the smallest to the largest value of the image.
func newPictures(spec Spec, img *imgio.RGB, digest [32]byte, r Result) (*pictures, error) {
	p := &pictures{spec: spec, image: img, result: r, texts: []imgio.Text{
		{Key: "drdc:image", Value: hex.EncodeToString(digest[:])},
		{Key: "drdc:model", Value: spec.Digest},
		{Key: "drdc:rule", Value: spec.Rule},
		{Key: "drdc:score", Value: strconv.FormatFloat(r.Score, 'g', -1, 64)},
		{Key: "drdc:settings", Value: string(spec.Settings)},
	}}
	span, err := r.Heatmap.Range()
	if err != nil {
		return nil, err
	}
	options := imgio.DefaultOverlay(span)
	if t := spec.Threshold; t != nil {
		p.texts = append(p.texts, imgio.Text{Key: "drdc:threshold", Value: strconv.FormatFloat(*t, 'g', -1, 64)})
		options.Contour, options.Threshold = true, float32(*t)
		if *t > 0 {
			options.Range = imgio.Range{Lo: float32(*t / 2), Hi: float32(*t * 1.5)}
		}
	}
	small, err := imgio.Thumbnail(img, overlaySide)
	if err != nil {
		return nil, err
	}
	p.overlay, err = imgio.Overlay(small, r.Heatmap, options)
	return p, err
}

// encode makes the file of one kind.
func (p *pictures) encode(kind string) ([]byte, error) {
	var b bytes.Buffer
	err := p.write(&b, kind)
	return b.Bytes(), err
}

func (p *pictures) write(w io.Writer, kind string) error {
	switch kind {
	case "heatmap":
		span, err := p.result.Heatmap.Range()
		if err != nil {
			return err
		}
		return imgio.EncodeHeatmap(w, p.result.Heatmap, span, p.texts...)
	case "overlay":
		return imgio.EncodePNG(w, p.overlay, p.texts...)
	case "mask":
		full, err := p.result.Heatmap.Resize(p.image.W, p.image.H)
		if err != nil {
			return err
		}
		return imgio.EncodeMask(w, full, float32(*p.spec.Threshold), p.texts...)
	case "raw":
		return imgio.WriteNPY(w, p.result.Heatmap)
	case "image":
		return preview(w, p.image)
	case "preview":
		return preview(w, p.overlay)
	}
	return fmt.Errorf("worker: no kind of file is called %q", kind)
}

func preview(w io.Writer, img *imgio.RGB) error {
	small, err := imgio.Thumbnail(img, previewSide)
	if err != nil {
		return err
	}
	return imgio.EncodeJPEG(w, small, previewQuality)
}
