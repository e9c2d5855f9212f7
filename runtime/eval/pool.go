package eval

import (
	"math"
	"slices"
)

// pool is a set of values with their labels, compact enough for the pixels of
// hundreds of images: 4 bytes per negative and 8 per positive value.
type pool struct {
	neg   []uint32 // ordered bits of the negative values
	pos   []uint64 // ordered bits of the positive values, and the region below them
	sizes []int    // positive values of each region
}

// ordered maps a finite value to bits that compare like the value; -0 is 0.
func ordered(v float32) uint32 {
	b := math.Float32bits(v + 0)
	if b>>31 == 1 {
		return ^b
	}
	return b | 1<<31
}

// value is the inverse of ordered.
func value(b uint32) float32 {
	if b>>31 == 1 {
		return math.Float32frombits(b &^ (1 << 31))
	}
	return math.Float32frombits(^b)
}

func (p *pool) addNegative(v float32) { p.neg = append(p.neg, ordered(v)) }
func (p *pool) addPositive(v float32, region int) {
	p.pos = append(p.pos, uint64(ordered(v))<<32|uint64(region))
}

// decided reports whether both labels occur, so that figures exist.
func (p *pool) decided() bool { return len(p.neg) > 0 && len(p.pos) > 0 }

// point is the outcome of calling every value of at least Threshold positive.
type point struct {
	threshold float32
	tp, fp    int
	overlap   float64 // mean over regions of the share found
}

// sweep visits the distinct thresholds in descending order. The pool must be
// sorted and hold both labels.
func (p *pool) sweep(visit func(point)) {
	var at point
	share := 0.0
	for i, j := len(p.neg)-1, len(p.pos)-1; i >= 0 || j >= 0; {
		var key uint32
		if i >= 0 {
			key = p.neg[i]
		}
		if j >= 0 {
			key = max(key, uint32(p.pos[j]>>32))
		}
		for ; i >= 0 && p.neg[i] == key; i-- {
			at.fp++
		}
		for ; j >= 0 && uint32(p.pos[j]>>32) == key; j-- {
			at.tp++
			share += 1 / float64(p.sizes[uint32(p.pos[j])])
		}
		at.threshold = value(key)
		at.overlap = share / float64(len(p.sizes))
		visit(at)
	}
}

func (p *pool) sort() {
	sortKeys(p.neg)
	slices.Sort(p.pos)
}

// bounds returns the smallest and the largest value of a sorted pool.
func (p *pool) bounds() (lo, hi float32) {
	return value(min(p.neg[0], uint32(p.pos[0]>>32))), value(max(p.neg[len(p.neg)-1], uint32(p.pos[len(p.pos)-1]>>32)))
}

// above is the outcome of calling the values above each of the ascending
// thresholds positive, in the order of the thresholds.
func (p *pool) above(thresholds []float64) []point {
	points := make([]point, len(thresholds))
	next := len(thresholds) - 1
	var last point
	p.sweep(func(at point) {
		for next >= 0 && float64(at.threshold) <= thresholds[next] {
			points[next] = last
			next--
		}
		last = at
	})
	for ; next >= 0; next-- {
		points[next] = last
	}
	return points
}
