package pretext

import (
	"math"
	"math/rand/v2"
)

// picture is a square of side*side pixels of 3 bytes with the truth about it: 0 for
// what was there, 1 + kind for what was pasted.
type picture struct {
	side   int
	pix    []uint8
	pasted []uint8
}

// turned returns a copy of pix, rotated by quarter turns to the left.
func turned(pix []uint8, side, quarters int) picture {
	p := picture{side, make([]uint8, len(pix)), make([]uint8, side*side)}
	for y := range side {
		for x := range side {
			u, v := x, y // in pix
			for range quarters {
				u, v = side-1-v, u
			}
			copy(p.pix[3*(y*side+x):], pix[3*(v*side+u):][:3])
		}
	}
	return p
}

// The two kinds, and the share of an image's side or area that a piece has. Sizes of
// scars are those of the paper at 256 pixels; half of its patches are smaller than
// the paper's, because defects are.
const (
	patch = iota
	scar

	minArea, maxArea     = 0.005, 0.12
	maxAspect            = 3.3
	minThick, maxThick   = 2.0 / 256, 16.0 / 256
	minLong, maxLong     = 10.0 / 256, 72.0 / 256
	maxPieces            = 3
	visible              = 8 // levels by which a colour differs at least
	minContrast, maxGain = 0.7, 1.3
	maxTint              = 40 // levels
)

// piece is a rectangle that is cut out and where it goes.
type piece struct {
	w, h       float64
	fromX      int // corner of what is cut out
	fromY      int
	x, y       float64 // middle of where it goes
	sin, cos   float64
	gain, tint [3]float64 // of the colours, about the mean
}

// draw takes a piece of a kind out of a picture.
func draw(r *rand.Rand, side, kind int) piece {
	between := func(low, high float64) float64 { return low + (high-low)*r.Float64() }
	s := float64(side)
	var p piece
	turn := 0.0
	if kind == patch {
		area, aspect := between(minArea, maxArea), math.Exp(between(-math.Log(maxAspect), math.Log(maxAspect)))
		p.w, p.h = s*math.Sqrt(area*aspect), s*math.Sqrt(area/aspect)
	} else {
		p.w, p.h = s*between(minThick, maxThick), s*between(minLong, maxLong)
		turn = between(-math.Pi/2, math.Pi/2)
	}
	p.w, p.h = max(1, math.Round(p.w)), max(2, math.Round(p.h))
	p.fromX, p.fromY = r.IntN(side-int(p.w)+1), r.IntN(side-int(p.h)+1)
	p.x, p.y = between(0, s), between(0, s)
	p.sin, p.cos = math.Sincos(turn)
	gain := between(minContrast, maxGain)
	tinted := r.Float64() < 0.7
	for c := range 3 {
		p.gain[c] = gain
		if v := between(-maxTint, maxTint); tinted {
			p.tint[c] = v
		}
	}
	return p
}

// paste puts the piece down. Where nobody could see it, nothing is marked.
func (p piece) paste(to picture, kind int) {
	cut := make([]float64, 0, 3*int(p.w*p.h)) // colours as they are pasted
	var mean [3]float64
	for y := range int(p.h) {
		for x := range int(p.w) {
			at := 3 * ((p.fromY+y)*to.side + p.fromX + x)
			for c := range 3 {
				v := float64(to.pix[at+c])
				cut, mean[c] = append(cut, v), mean[c]+v/(p.w*p.h)
			}
		}
	}
	for i, v := range cut {
		c := i % 3
		cut[i] = min(255, max(0, math.Round(mean[c]+p.gain[c]*(v-mean[c])+p.tint[c])))
	}
	reach := math.Hypot(p.w, p.h) / 2
	low := func(v float64) int { return max(0, int(v-reach)) }
	high := func(v float64) int { return min(to.side-1, int(v+reach)) }
	for y := low(p.y); y <= high(p.y); y++ {
		for x := low(p.x); x <= high(p.x); x++ {
			dx, dy := float64(x)+0.5-p.x, float64(y)+0.5-p.y
			u, v := p.cos*dx+p.sin*dy+p.w/2, p.cos*dy-p.sin*dx+p.h/2
			if u < 0 || v < 0 || u >= p.w || v >= p.h {
				continue
			}
			at, from := 3*(y*to.side+x), 3*(int(v)*int(p.w)+int(u))
			changed := false
			for c := range 3 {
				changed = changed || math.Abs(cut[from+c]-float64(to.pix[at+c])) >= visible
				to.pix[at+c] = uint8(cut[from+c])
			}
			if changed {
				to.pasted[y*to.side+x] = uint8(1 + kind)
			}
		}
	}
}
