package eval

import (
	"fmt"
	"math"
)

// Image is what the metrics need to know of one image.
type Image struct {
	Path      string
	Defect    string  // the kind, from the folder; empty for a good image
	Anomalous bool    // from the folder
	Score     float32 // higher is more anomalous; finite
	Map       []float32
	// Truth holds the labels of the pixels of Map, H rows of W, 0 for normal. nil
	// means that they are not known, or for a good image that all are normal.
	Truth []uint8
}

// Collector gathers the images of one class. It copies what it needs, 4 bytes
// per pixel, so that maps may be reused.
type Collector struct {
	name    string
	w, h    int
	scores  []Score
	peaks   []peaks
	pixels  pool
	known   int
	unknown []string
	clash   []string
}

// Score is an image with its score.
type Score struct {
	Path      string  `json:"path"`
	Defect    string  `json:"defect,omitempty"`
	Anomalous bool    `json:"anomalous"`
	Score     float32 `json:"score"`
}

// NewCollector starts a class whose maps have h rows of w values; 0 by 0 means
// that there are no maps.
func NewCollector(class string, w, h int) (*Collector, error) {
	if w < 0 || h < 0 || (w == 0) != (h == 0) {
		return nil, fmt.Errorf("eval: %s: %w: maps of %d x %d", class, ErrValue, w, h)
	}
	return &Collector{name: class, w: w, h: h}, nil
}

// Add takes one image. It wraps [ErrValue] for a score or a map that is not
// finite and for lengths that are not W*H, and then has taken nothing.
func (c *Collector) Add(img Image) error {
	if err := c.check(img); err != nil {
		return fmt.Errorf("eval: %s: %w", img.Path, err)
	}
	c.peaks = append(c.peaks, newPeaks(img.Map))
	c.scores = append(c.scores, Score{img.Path, img.Defect, img.Anomalous, img.Score})
	switch {
	case img.Map == nil:
	case img.Truth == nil && img.Anomalous:
		c.unknown = append(c.unknown, img.Path)
	case img.Truth == nil:
		c.known++
		for _, v := range img.Map {
			c.pixels.addNegative(v)
		}
	default:
		c.known++
		label, sizes := regions(img.Truth, c.w, c.h)
		if (len(sizes) > 0) != img.Anomalous {
			c.clash = append(c.clash, img.Path)
		}
		first := len(c.pixels.sizes)
		for i, v := range img.Map {
			if label[i] < 0 {
				c.pixels.addNegative(v)
			} else {
				c.pixels.addPositive(v, first+int(label[i]))
			}
		}
		c.pixels.sizes = append(c.pixels.sizes, sizes...)
	}
	return nil
}

func (c *Collector) check(img Image) error {
	if !finite(img.Score) {
		return fmt.Errorf("%w: score %v", ErrValue, img.Score)
	}
	if img.Map != nil && len(img.Map) != c.w*c.h {
		return fmt.Errorf("%w: map of %d values, want %d x %d", ErrValue, len(img.Map), c.w, c.h)
	}
	if img.Truth != nil && len(img.Truth) != len(img.Map) {
		return fmt.Errorf("%w: truth of %d pixels for a map of %d", ErrValue, len(img.Truth), len(img.Map))
	}
	for i, v := range img.Map {
		if !finite(v) {
			return fmt.Errorf("%w: map holds %v at row %d, column %d", ErrValue, v, i/c.w, i%c.w)
		}
	}
	return nil
}

func finite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

// Finish works out the figures of the class and empties the collector.
func (c *Collector) Finish(o Options) (*Class, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if len(c.scores) == 0 {
		return nil, fmt.Errorf("eval: class %q: %w: no images", c.name, ErrValue)
	}
	r := &Class{
		Name: c.name, Images: len(c.scores), Scores: c.scores,
		PixelImages: c.known, Regions: len(c.pixels.sizes), Unknown: c.unknown, Disagree: c.clash,
	}
	images := pool{}
	for _, s := range c.scores {
		if s.Anomalous {
			images.addPositive(s.Score, len(images.sizes))
			images.sizes = append(images.sizes, 1)
		} else {
			images.addNegative(s.Score)
		}
	}
	r.Good, r.Anomalous = len(images.neg), len(images.pos)
	if images.decided() {
		images.sort()
		f := images.figures(o)
		r.ImageAUROC, r.ImageAP, r.ImageF1Max, r.ImageF1Threshold = &f.AUROC, &f.AP, &f.F1Max, &f.F1Threshold
		r.ImageCurve = images.curve(o.Curve)
		if o.Bootstrap > 0 {
			r.ImageInterval = images.interval(o)
		}
	}
	pixels, of := c.pixels, c.peaks
	*c = Collector{name: c.name, w: c.w, h: c.h}
	if pixels.decided() {
		pixels.sort()
		f := pixels.figures(o)
		r.PixelAUROC, r.PixelAP, r.PixelF1Max, r.AUPRO = &f.AUROC, &f.AP, &f.F1Max, &f.AUPRO
		r.PixelF1Threshold = &f.F1Threshold
		r.PixelCurve = pixels.curve(o.Curve)
	}
	if o.Compat {
		r.Compat = compat(r, of, images, pixels)
	}
	return r, nil
}
