package eval

import "math"

// Point is one threshold of a curve: values of at least it are positive.
type Point struct {
	Threshold         float64 `json:"threshold"`
	TruePositiveRate  float64 `json:"tpr"` // recall: y of ROC, x of PR
	FalsePositiveRate float64 `json:"fpr"` // x of ROC and PRO
	Precision         float64 `json:"precision"`
	Overlap           float64 `json:"overlap"` // mean share of each region found: y of PRO; of pixels only
}

// curve takes at most n points of a sorted, decided pool by descending threshold,
// the last one among them. A point is left out while its rates have moved by less
// than 4/n in sum since the one before, so that steep parts keep their form.
func (p *pool) curve(n int) []Point {
	pos, neg := float64(len(p.pos)), float64(len(p.neg))
	step := 4 / float64(n)
	points := []Point{}
	var last, skipped Point
	pending := false
	p.sweep(func(at point) {
		now := Point{
			Threshold:         float64(at.threshold),
			TruePositiveRate:  float64(at.tp) / pos,
			FalsePositiveRate: float64(at.fp) / neg,
			Precision:         float64(at.tp) / float64(at.tp+at.fp),
			Overlap:           at.overlap,
		}
		moved := math.Abs(now.TruePositiveRate-last.TruePositiveRate) + math.Abs(now.FalsePositiveRate-last.FalsePositiveRate) +
			math.Abs(now.Overlap-last.Overlap)
		pending = len(points) > 0 && moved < step
		if pending {
			skipped = now
			return
		}
		points = append(points, now)
		last = now
	})
	switch {
	case !pending:
	case len(points) < n:
		points = append(points, skipped)
	default:
		points[n-1] = skipped
	}
	return points
}
