package eval

// Compat are figures as other toolkits define them (method section 7), to compare
// with published ones. They are nil where the figure of the same kind is.
type Compat struct {
	// ImageAUROCMax takes the largest value of the map for the score of an image, as
	// ADer does for most models; ImageAUROCTop the mean of the largest 1% of its
	// values, at least one, as Dinomaly does. nil for images without maps.
	ImageAUROCMax *float64 `json:"image_auroc_max"`
	ImageAUROCTop *float64 `json:"image_auroc_top1"`
	// APTrapezoid joins the points of the curve by lines, as anomalib does.
	ImageAPTrapezoid *float64 `json:"image_ap_trapezoid"`
	PixelAPTrapezoid *float64 `json:"pixel_ap_trapezoid"`
	// PixelF1Grid21 tries 21 thresholds, as ADer does.
	PixelF1Grid21 *float64 `json:"pixel_f1max_grid21"`
	// AUPROGrid200 takes 200 thresholds and does not interpolate, as Dinomaly does.
	AUPROGrid200 *float64 `json:"aupro_grid200"`
}

// fields lists the figures, to treat them alike.
func (c *Compat) fields() []**float64 {
	return []**float64{&c.ImageAUROCMax, &c.ImageAUROCTop, &c.ImageAPTrapezoid, &c.PixelAPTrapezoid, &c.PixelF1Grid21, &c.AUPROGrid200}
}

// peaks are two scores of a map that other toolkits use.
type peaks struct {
	known    bool // there is a map
	max, top float32
}

// newPeaks takes the values of a map.
func newPeaks(m []float32) peaks {
	if len(m) == 0 {
		return peaks{}
	}
	keys := make([]uint32, len(m))
	for i, v := range m {
		keys[i] = ordered(v)
	}
	sortKeys(keys)
	n := max(len(m)/100, 1)
	sum := 0.0
	for _, k := range keys[len(keys)-n:] {
		sum += float64(value(k))
	}
	return peaks{true, value(keys[len(keys)-1]), float32(sum / float64(n))}
}

// compat works out the figures of a class from its sorted pools, of which pixels may
// be undecided.
func compat(c *Class, of []peaks, images, pixels pool) *Compat {
	r := &Compat{}
	o := Options{AP: APTrapezoid, F1: F1Grid21, PRO: PROGrid200, PROLimit: 0.3}
	if c.ImageAUROC != nil {
		f := images.figures(o)
		r.ImageAPTrapezoid = &f.AP
		r.ImageAUROCMax = peakAUROC(c.Scores, of, func(p peaks) float32 { return p.max })
		r.ImageAUROCTop = peakAUROC(c.Scores, of, func(p peaks) float32 { return p.top })
	}
	if c.PixelAUROC != nil {
		f := pixels.figures(o)
		r.PixelAPTrapezoid, r.PixelF1Grid21, r.AUPROGrid200 = &f.AP, &f.F1Max, &f.AUPRO
	}
	return r
}

// peakAUROC is the image AUROC of another score; nil when an image has no map.
func peakAUROC(scores []Score, of []peaks, score func(peaks) float32) *float64 {
	var p pool
	for i, s := range scores {
		switch {
		case !of[i].known:
			return nil
		case s.Anomalous:
			p.addPositive(score(of[i]), len(p.sizes))
			p.sizes = append(p.sizes, 1)
		default:
			p.addNegative(score(of[i]))
		}
	}
	p.sort()
	a := p.auroc()
	return &a
}

// meanCompat is the mean over the classes, each figure over those that have it; nil
// when no class has any.
func meanCompat(classes []*Class) *Compat {
	var all [][]**float64
	for _, c := range classes {
		if c.Compat != nil {
			all = append(all, c.Compat.fields())
		}
	}
	if all == nil {
		return nil
	}
	m := &Compat{}
	average(m.fields(), all)
	return m
}

// average fills figures with the means of those in lists that are there.
func average(figures []**float64, lists [][]**float64) {
	for i, mean := range figures {
		sum, n := 0.0, 0
		for _, list := range lists {
			if v := *list[i]; v != nil {
				sum += *v
				n++
			}
		}
		if n > 0 {
			sum /= float64(n)
			*mean = &sum
		}
	}
}
