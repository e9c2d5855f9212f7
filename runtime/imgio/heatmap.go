package imgio

import (
	"fmt"
	"math"
)

// Heatmap is a map of anomaly values: Val holds H rows of W float32 values.
type Heatmap struct {
	W, H int
	Val  []float32
}

// Range is a pair of values, Lo < Hi.
type Range struct{ Lo, Hi float32 }

func (r Range) check() error {
	if width := float64(r.Hi) - float64(r.Lo); !(width > 0) || math.IsInf(width, 0) {
		return fmt.Errorf("%w: range %g..%g", ErrSize, r.Lo, r.Hi)
	}
	return nil
}

// share returns where v stands in the range: 0 at Lo and below, 1 at Hi and above.
func (r Range) share(v float32) float64 {
	s := (float64(v) - float64(r.Lo)) / (float64(r.Hi) - float64(r.Lo))
	return min(max(s, 0), 1)
}

// check refuses a map whose fields contradict each other and one with a value that is not finite.
func (m *Heatmap) check() error {
	if m.W <= 0 || m.H <= 0 || len(m.Val) != m.W*m.H {
		return fmt.Errorf("%w: map of %d x %d with %d values", ErrSize, m.W, m.H, len(m.Val))
	}
	for i, v := range m.Val {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("%w: %g at row %d, column %d", ErrNonFinite, v, i/m.W, i%m.W)
		}
	}
	return nil
}

// Range returns the smallest and the largest value. A map of one value v gives v..v+1, so that it shows as Lo. It
// wraps [ErrNonFinite] and [ErrSize].
func (m *Heatmap) Range() (Range, error) {
	if err := m.check(); err != nil {
		return Range{}, fmt.Errorf("imgio: heatmap: %w", err)
	}
	r := Range{m.Val[0], m.Val[0]}
	for _, v := range m.Val {
		r.Lo, r.Hi = min(r.Lo, v), max(r.Hi, v)
	}
	if r.Lo == r.Hi {
		r.Hi = max(r.Lo+1, math.Nextafter32(r.Lo, float32(math.Inf(1))))
	}
	return r, r.check()
}

// Resize scales the map to w x h by bilinear interpolation with half-pixel centres (align_corners=False, no
// antialiasing; the operator U of method section 4.5). It wraps [ErrSize] and [ErrNonFinite].
func (m *Heatmap) Resize(w, h int) (*Heatmap, error) {
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("imgio: heatmap: %w", err)
	}
	if w <= 0 || h <= 0 {
		return nil, fmt.Errorf("imgio: heatmap: %w: resize to %d x %d", ErrSize, w, h)
	}
	out := &Heatmap{W: w, H: h, Val: make([]float32, w*h)}
	s := newSampler(m, w, h)
	for y := range h {
		s.row(out.Val[y*w:(y+1)*w], y)
	}
	return out, nil
}

// sampler gives the rows of a map as if it were w x h.
type sampler struct {
	m      *Heatmap
	xs, ys []tap
}

// tap is a pair of neighbours and the share of the second.
type tap struct {
	a, b int
	part float32
}

func newSampler(m *Heatmap, w, h int) *sampler {
	return &sampler{m, taps(m.W, w), taps(m.H, h)}
}

func taps(in, out int) []tap {
	ts := make([]tap, out)
	for o := range ts {
		at := max((float64(o)+0.5)*float64(in)/float64(out)-0.5, 0)
		a := min(int(at), in-1)
		ts[o] = tap{a, min(a+1, in-1), float32(at - float64(a))}
	}
	return ts
}

func (s *sampler) row(dst []float32, y int) {
	ty := s.ys[y]
	top, bottom := s.m.Val[ty.a*s.m.W:(ty.a+1)*s.m.W], s.m.Val[ty.b*s.m.W:(ty.b+1)*s.m.W]
	for x, t := range s.xs {
		dst[x] = lerp(lerp(top[t.a], top[t.b], t.part), lerp(bottom[t.a], bottom[t.b], t.part), ty.part)
	}
}

// lerp rounds every product, so that the result is the same on machines with fused multiply-add.
func lerp(a, b, part float32) float32 {
	return float32(a*(1-part)) + float32(b*part)
}
