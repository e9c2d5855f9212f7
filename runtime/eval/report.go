package eval

import (
	"cmp"
	"slices"
)

// Metrics are shares in 0..1, nil where there is no ground truth for them.
type Metrics struct {
	ImageAUROC *float64 `json:"image_auroc"`
	ImageAP    *float64 `json:"image_ap"`
	ImageF1Max *float64 `json:"image_f1max"`
	PixelAUROC *float64 `json:"pixel_auroc"`
	PixelAP    *float64 `json:"pixel_ap"`
	PixelF1Max *float64 `json:"pixel_f1max"`
	AUPRO      *float64 `json:"aupro"`
}

// fields lists the metrics, to treat them alike.
func (m *Metrics) fields() []**float64 {
	return []**float64{&m.ImageAUROC, &m.ImageAP, &m.ImageF1Max, &m.PixelAUROC, &m.PixelAP, &m.PixelF1Max, &m.AUPRO}
}

// Class is everything known of one class.
type Class struct {
	Name   string `json:"name"`
	Images int    `json:"images"`
	Metrics
	Good          int       `json:"good"`
	Anomalous     int       `json:"anomalous"`
	ImageInterval *Interval `json:"image_auroc_interval,omitempty"`

	Compat *Compat `json:"compat,omitempty"` // with Options.Compat

	// The thresholds at which F1 is best on these very images; of no use for other
	// images. nil where F1 is.
	ImageF1Threshold *float64 `json:"image_f1_threshold"`
	PixelF1Threshold *float64 `json:"pixel_f1_threshold"`

	PixelImages int `json:"pixel_images"` // images in the pixel figures
	Regions     int `json:"regions"`      // 8-connected defects in them
	// Unknown lists anomalous images without pixel truth; Disagree lists images
	// whose truth says otherwise than their folder, such as a defect that is too
	// thin to be left at the size of the map.
	Unknown  []string `json:"unknown,omitempty"`
	Disagree []string `json:"disagree,omitempty"`

	Scores     []Score `json:"-"` // in the order they were added
	ImageCurve []Point `json:"-"` // by descending threshold; nil where AUROC is
	PixelCurve []Point `json:"-"`
}

// Report is the classes of one evaluation and their mean.
type Report struct {
	Classes []*Class `json:"classes"`
	Mean    Metrics  `json:"mean"`
	// MeanCompat is the mean of Class.Compat, nil without.
	MeanCompat *Compat `json:"mean_compat,omitempty"`
}

// NewReport adds the unweighted mean, each metric over the classes that have it.
func NewReport(classes ...*Class) *Report {
	r := &Report{Classes: classes, MeanCompat: meanCompat(classes)}
	var all [][]**float64
	for _, c := range classes {
		all = append(all, c.fields())
	}
	average(r.Mean.fields(), all)
	return r
}

// FalseAlarms returns the good images of the highest scores, at most n, highest
// first.
func (c *Class) FalseAlarms(n int) []Score {
	return c.worst(n, false, func(a, b Score) int { return cmp.Compare(b.Score, a.Score) })
}

// Misses returns the anomalous images of the lowest scores, at most n, lowest
// first.
func (c *Class) Misses(n int) []Score {
	return c.worst(n, true, func(a, b Score) int { return cmp.Compare(a.Score, b.Score) })
}

func (c *Class) worst(n int, anomalous bool, order func(a, b Score) int) []Score {
	var s []Score
	for _, v := range c.Scores {
		if v.Anomalous == anomalous {
			s = append(s, v)
		}
	}
	slices.SortStableFunc(s, order)
	return s[:min(max(n, 0), len(s))]
}

// Histogram counts scores in bins of equal width from Lo to Hi.
type Histogram struct {
	Lo        float64 `json:"lo"`
	Hi        float64 `json:"hi"`
	Good      []int   `json:"good"`
	Anomalous []int   `json:"anomalous"`
}

// Histogram counts the scores of the class in n bins, n at least 1, from the
// lowest to the highest.
func (c *Class) Histogram(n int) Histogram {
	h := Histogram{Good: make([]int, n), Anomalous: make([]int, n)}
	for i, s := range c.Scores {
		v := float64(s.Score)
		if i == 0 {
			h.Lo, h.Hi = v, v
		}
		h.Lo, h.Hi = min(h.Lo, v), max(h.Hi, v)
	}
	for _, s := range c.Scores {
		bin := 0
		if h.Hi > h.Lo {
			bin = min(int((float64(s.Score)-h.Lo)/(h.Hi-h.Lo)*float64(n)), n-1)
		}
		if s.Anomalous {
			h.Anomalous[bin]++
		} else {
			h.Good[bin]++
		}
	}
	return h
}
