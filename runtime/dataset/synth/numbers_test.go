package synth

import (
	"math"
	"testing"
)

func TestNumbers(t *testing.T) {
	for i := range 4001 {
		x := float64(i-2000) / 500
		// Taylor's series up to a^11: the next term is 3e-8 at a quarter turn.
		if got, want := wave(x), math.Sin(2*math.Pi*x); math.Abs(got-want) > 6e-8 {
			t.Fatalf("wave(%v) = %v, want %v", x, got, want)
		}
		p := vec{math.Cos(x), math.Sin(x)}
		want := math.Mod(x/(2*math.Pi)+1, 1)
		if got := turns(p); math.Abs(got-want) > 2e-5 { // 1e-5 radians by the handbook, over two pi, and an octant's doubling
			t.Fatalf("turns(%v) = %v, want %v", p, got, want)
		}
		q := p.times(2).turned(direction(0.125))
		if back := q.turned(direction(-0.125)); back.distance(p.times(2)) > 1e-6 || math.Abs(q.length()-2) > 1e-6 {
			t.Fatalf("%v turned there and back is %v", p, back)
		}
	}
	if got := turns(vec{}); got != 0 {
		t.Errorf("turns of nothing: %v", got)
	}
}

// TestStream checks the generator against the published one: the first numbers of
// SplitMix64 with seed 1234567 (Vigna's splitmix64.c).
func TestStream(t *testing.T) {
	s := &stream{1234567}
	for i, want := range []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423} {
		if got := s.next(); got != want {
			t.Errorf("number %d is %d, want %d", i, got, want)
		}
	}
	sum, square := 0.0, 0.0
	const n = 20000
	for range n {
		u := s.unit()
		if u < 0 || u >= 1 {
			t.Fatalf("%v is not in [0, 1)", u)
		}
		sum, square = sum+u, square+u*u
	}
	// Four standard errors: 4 * 0.2887 / sqrt(n) and 4 * 0.298 / sqrt(n).
	if math.Abs(sum/n-0.5) > 0.0082 || math.Abs(square/n-1./3) > 0.0085 {
		t.Errorf("mean %v, mean square %v", sum/n, square/n)
	}
}

// TestNoise checks that the fields are smooth, within their bounds and not
// periodic over the picture.
func TestNoise(t *testing.T) {
	lo, hi, step := 0.0, 0.0, 0.0
	for i := range 100000 {
		p := vec{float64(i%317) * 0.037, float64(i/317) * 0.037}
		v := noise(p, 5)
		lo, hi = min(lo, v), max(hi, v)
		step = max(step, math.Abs(v-noise(p.add(vec{1e-4, 0}), 5)))
	}
	if lo < -1 || hi > 1 || lo > -0.9 || hi < 0.9 || step > 4e-4 { // slope at most 2 * 1.5
		t.Errorf("%v..%v, steps up to %v", lo, hi, step)
	}
	if noise(vec{0.3, 0.7}, 1) == noise(vec{0.3, 0.7}, 2) || noise(vec{-3.3, 0.7}, 1) == noise(vec{3.3, 0.7}, 1) {
		t.Error("fields repeat")
	}
	c := cells(vec{3.25, -7.5}, 9)
	if c.near > c.next || c.near < 0 || math.Abs(c.to.length()-c.near) > 1e-15 {
		t.Errorf("%+v", c)
	}
}
