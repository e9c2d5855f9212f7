package synth

import "math"

// Shapes are signed distances in image widths: negative inside.

// box is a rectangle of half sizes w and h around 0 with corners of radius r.
func box(p vec, w, h, r float64) float64 {
	q := vec{math.Abs(p.x) - w + r, math.Abs(p.y) - h + r}
	return vec{max(q.x, 0), max(q.y, 0)}.length() + min(max(q.x, q.y), 0) - r
}

// bar is the distance to the line from a to b, and how far along it p is, 0..1.
func bar(p, a, b vec) (distance, along float64) {
	d := b.sub(a)
	along = clamp(p.sub(a).dot(d) / d.dot(d))
	return p.distance(a.add(d.times(along))), along
}

// inside is the share of a shape at a signed distance, with an edge as soft as
// soft on either side.
func inside(distance, soft float64) float64 { return ramp(soft, -soft, distance) }

// edge is the usual softness: half a pixel of a picture of 256.
const edge = 0.002

// path is a line through points.
type path struct {
	points   []vec
	lo, hi   vec // bounds
	segments float64
}

// walk starts at p and takes n steps that turn by up to bend each.
func walk(s *stream, p vec, heading, length, bend float64, n int) path {
	points := []vec{p}
	for range n {
		p = p.add(direction(heading).times(length / float64(n)))
		points = append(points, p)
		heading += s.about(bend)
	}
	return through(points)
}

func through(points []vec) path {
	t := path{points: points, lo: points[0], hi: points[0], segments: float64(len(points) - 1)}
	for _, p := range points {
		t.lo = vec{min(t.lo.x, p.x), min(t.lo.y, p.y)}
		t.hi = vec{max(t.hi.x, p.x), max(t.hi.y, p.y)}
	}
	return t
}

// at is the distance to the path and how far along it p is, 0..1. Beyond reach
// the distance is only known to be at least that.
func (t path) at(p vec, reach float64) (distance, along float64) {
	if p.x < t.lo.x-reach || p.x > t.hi.x+reach || p.y < t.lo.y-reach || p.y > t.hi.y+reach {
		return reach, 0
	}
	distance = reach
	for i := range len(t.points) - 1 {
		if d, a := bar(p, t.points[i], t.points[i+1]); d < distance {
			distance, along = d, (float64(i)+a)/t.segments
		}
	}
	return distance, along
}
