package eval

// Figures are the areas and the best F1 of one pool of values.
type Figures struct {
	AUROC float64
	AP    float64
	F1Max float64
	// F1Threshold is the threshold of F1Max: values of at least it are positive;
	// with [F1Grid21], values above it.
	F1Threshold float64
	AUPRO       float64 // of pixels; with one region for each value it means nothing
}

// figures takes a sorted, decided pool.
func (p *pool) figures(o Options) Figures {
	var f Figures
	pos, neg := float64(len(p.pos)), float64(len(p.neg))
	var last point
	var pro, rate float64 // the PRO area so far; the last false-positive rate
	precision := 1.0
	p.sweep(func(at point) {
		recall := float64(at.tp-last.tp) / pos
		before := precision
		precision = float64(at.tp) / float64(at.tp+at.fp)
		if o.AP == APTrapezoid {
			f.AP += recall * (precision + before) / 2
		} else {
			f.AP += recall * precision
		}

		if f1 := f1(at, len(p.pos)); f1 > f.F1Max {
			f.F1Max, f.F1Threshold = f1, float64(at.threshold)
		}

		if rate < o.PROLimit {
			r, overlap := float64(at.fp)/neg, at.overlap
			if r > o.PROLimit {
				overlap = last.overlap + (overlap-last.overlap)*(o.PROLimit-rate)/(r-rate)
				r = o.PROLimit
			}
			pro += (r - rate) * (overlap + last.overlap) / 2
			rate = r
		}
		last = at
	})
	f.AUROC = p.auroc()
	f.AUPRO = pro / o.PROLimit
	lo, hi := p.bounds()
	if o.F1 == F1Grid21 {
		f.F1Max, f.F1Threshold = 0, 0
		thresholds := grid(lo, hi, 20, 21)
		for i, at := range p.above(thresholds) {
			if f1 := f1(at, len(p.pos)); f1 > f.F1Max {
				f.F1Max, f.F1Threshold = f1, thresholds[i]
			}
		}
	}
	if o.PRO == PROGrid200 {
		f.AUPRO = gridPRO(p.above(grid(lo, hi, 200, 200)), neg, o.PROLimit)
	}
	return f
}

// auroc is the share of pairs of a positive and a negative value that are in
// order, ties counting half: the rank formula, in exact counts.
func (p *pool) auroc() float64 {
	var last point
	var halves uint64
	p.sweep(func(at point) {
		halves += uint64(at.fp-last.fp) * uint64(at.tp+last.tp)
		last = at
	})
	return float64(halves) / 2 / float64(len(p.pos)) / float64(len(p.neg))
}

func f1(at point, positives int) float64 { return 2 * float64(at.tp) / float64(at.tp+at.fp+positives) }

// grid is the first n of the thresholds that cut lo..hi into equal steps.
func grid(lo, hi float32, steps, n int) []float64 {
	t := make([]float64, n)
	for i := range t {
		t[i] = float64(lo) + (float64(hi)-float64(lo))*float64(i)/float64(steps)
	}
	return t
}

// gridPRO is the area of the points whose false-positive rate is below the limit,
// that rate divided by its largest. Points come by ascending threshold.
func gridPRO(points []point, negatives, limit float64) float64 {
	var area, largest float64
	var last *point
	for i := range points {
		at := &points[i]
		rate := float64(at.fp) / negatives
		if rate >= limit {
			continue
		}
		if last == nil {
			largest = rate
		} else {
			area += (float64(last.fp)/negatives - rate) * (last.overlap + at.overlap) / 2
		}
		last = at
	}
	if largest == 0 {
		return 0
	}
	return area / largest
}
