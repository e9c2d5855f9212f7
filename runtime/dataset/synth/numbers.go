package synth

import "math"

// The arithmetic here and in the whole package gives the same bits on every
// platform: no function of package math but those that IEEE 754 rounds exactly,
// and every product of floats stands in float64(...), which keeps a compiler from
// fusing it with a sum. TestProducts holds the package to that. (A quotient by a
// power of two may still be fused: it is exact, so nothing is lost or gained.)

func lerp(a, b, t float64) float64 { return a + float64((b-a)*t) }

func clamp(x float64) float64 { return min(max(x, 0), 1) }

// ramp rises smoothly from 0 at a to 1 at b; it falls when b is below a.
func ramp(a, b, x float64) float64 {
	t := clamp((x - a) / (b - a))
	return float64(t * t * (3 - float64(2*t)))
}

// bell is 1 at 0 and falls smoothly to 0 at 1 and beyond.
func bell(x float64) float64 {
	t := max(1-float64(x*x), 0)
	return float64(t * t)
}

// dome is the height of a half circle of radius 1 at x, 0 outside.
func dome(x float64) float64 { return math.Sqrt(max(1-float64(x*x), 0)) }

// wave is the sine of x turns, to about 1e-7: Taylor's series of a quarter turn.
func wave(x float64) float64 {
	x -= math.Floor(x + 0.5)
	if x > 0.25 {
		x = 0.5 - x
	} else if x < -0.25 {
		x = -0.5 - x
	}
	a := float64(x * 2 * math.Pi)
	q := float64(a * a)
	s := 1 - q/110
	s = 1 - float64(q*s)/72
	s = 1 - float64(q*s)/42
	s = 1 - float64(q*s)/20
	s = 1 - float64(q*s)/6
	return float64(a * s)
}

// turns is the angle of p in turns, in [0, 1), to about 2e-5: a polynomial of the
// arc tangent on [0, 1] (Abramowitz and Stegun, 4.4.49).
func turns(p vec) float64 {
	ax, ay := math.Abs(p.x), math.Abs(p.y)
	if ax == 0 && ay == 0 {
		return 0
	}
	t := min(ax, ay) / max(ax, ay)
	q := float64(t * t)
	a := 0.0208351
	for _, c := range []float64{-0.0851330, 0.1801410, -0.3302995, 0.9998660} {
		a = float64(a*q) + c
	}
	a = float64(a*t) / (2 * math.Pi)
	if ay > ax {
		a = 0.25 - a
	}
	if p.x < 0 {
		a = 0.5 - a
	}
	if p.y < 0 {
		a = 1 - a
	}
	if a >= 1 {
		return 0
	}
	return a
}

// vec is a place or a direction; x runs right and y down, the image is 1 by 1.
// turned turns it as it takes to turn the x axis to another direction.
type vec struct{ x, y float64 }

func (p vec) add(q vec) vec          { return vec{p.x + q.x, p.y + q.y} }
func (p vec) sub(q vec) vec          { return vec{p.x - q.x, p.y - q.y} }
func (p vec) times(k float64) vec    { return vec{float64(p.x * k), float64(p.y * k)} }
func (p vec) by(kx, ky float64) vec  { return vec{float64(p.x * kx), float64(p.y * ky)} }
func (p vec) dot(q vec) float64      { return float64(p.x*q.x) + float64(p.y*q.y) }
func (p vec) length() float64        { return math.Sqrt(p.dot(p)) }
func (p vec) turned(to vec) vec      { return vec{p.dot(vec{to.x, -to.y}), p.dot(vec{to.y, to.x})} }
func direction(turns float64) vec    { return vec{wave(turns + 0.25), wave(turns)} }
func (p vec) distance(q vec) float64 { return p.sub(q).length() }

// rgb is a colour with channels in 0..1, as they are stored in pictures.
type rgb struct{ r, g, b float64 }

// hex reads 0xrrggbb.
func hex(c uint32) rgb {
	return rgb{float64(c>>16&255) / 255, float64(c>>8&255) / 255, float64(c&255) / 255}
}

func (c rgb) times(k float64) rgb { return rgb{float64(c.r * k), float64(c.g * k), float64(c.b * k)} }
func (c rgb) tint(d rgb) rgb      { return rgb{float64(c.r * d.r), float64(c.g * d.g), float64(c.b * d.b)} }
func (c rgb) to(d rgb, t float64) rgb {
	return rgb{lerp(c.r, d.r, t), lerp(c.g, d.g, t), lerp(c.b, d.b, t)}
}
func (c rgb) light() float64 {
	return float64(0.3*c.r) + float64(0.59*c.g) + float64(0.11*c.b)
}
