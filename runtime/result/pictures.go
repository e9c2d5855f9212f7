package result

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
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

// About is what stands in the text chunks of a result's PNG files.
type About struct {
	Model    string          // digest
	Rule     string          // as in Row
	Settings json.RawMessage // as in Row
	// Threshold is the score from which an image is anomalous; nil for none.
	Threshold *float64
}

// Pictures makes the files of one result.
type Pictures struct {
	about   About
	image   *imgio.RGB
	overlay *imgio.RGB
	heatmap *imgio.Heatmap
	texts   []imgio.Text
}

// NewPictures prepares what several kinds share; digest is that of the image's file.
// The heatmap and the raw map have the size of the model's map, the mask that of the
// image, the overlay that of the image up to 2048 pixels.
//
// With a threshold the overlay's colours run from half of it to one and a half, equal
// in all images, and a line surrounds what is above it; without one they run from the
// smallest to the largest value of the image.
func NewPictures(a About, img *imgio.RGB, digest [32]byte, heatmap *imgio.Heatmap, score float64) (*Pictures, error) {
	p := &Pictures{about: a, image: img, heatmap: heatmap, texts: []imgio.Text{
		{Key: "drdc:image", Value: hex.EncodeToString(digest[:])},
		{Key: "drdc:model", Value: a.Model},
		{Key: "drdc:rule", Value: a.Rule},
		{Key: "drdc:score", Value: strconv.FormatFloat(score, 'g', -1, 64)},
		{Key: "drdc:settings", Value: string(a.Settings)},
	}}
	span, err := heatmap.Range()
	if err != nil {
		return nil, err
	}
	options := imgio.DefaultOverlay(span)
	if t := a.Threshold; t != nil {
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
	p.overlay, err = imgio.Overlay(small, heatmap, options)
	return p, err
}

// Encode makes the file of one kind: "heatmap", "overlay" or "mask" (PNG), "raw"
// (NumPy), "image" or "preview" (a small JPEG of the image or of the overlay). A mask
// needs a threshold.
func (p *Pictures) Encode(kind string) ([]byte, error) {
	var b bytes.Buffer
	err := p.write(&b, kind)
	return b.Bytes(), err
}

func (p *Pictures) write(w io.Writer, kind string) error {
	switch kind {
	case "heatmap":
		span, err := p.heatmap.Range()
		if err != nil {
			return err
		}
		return imgio.EncodeHeatmap(w, p.heatmap, span, p.texts...)
	case "overlay":
		return imgio.EncodePNG(w, p.overlay, p.texts...)
	case "mask":
		if p.about.Threshold == nil {
			return fmt.Errorf("result: a mask needs a threshold")
		}
		full, err := p.heatmap.Resize(p.image.W, p.image.H)
		if err != nil {
			return err
		}
		return imgio.EncodeMask(w, full, float32(*p.about.Threshold), p.texts...)
	case "raw":
		return imgio.WriteNPY(w, p.heatmap)
	case "image":
		return preview(w, p.image)
	case "preview":
		return preview(w, p.overlay)
	}
	return fmt.Errorf("result: no kind of file is called %q", kind)
}

func preview(w io.Writer, img *imgio.RGB) error {
	small, err := imgio.Thumbnail(img, previewSide)
	if err != nil {
		return err
	}
	return imgio.EncodeJPEG(w, small, previewQuality)
}
