package synth

import "math"

// capsule is a two-piece capsule with a print.
func capsule(s *stream, d damage) scene {
	const half, radius = 0.235, 0.155 // of the straight part, of the round
	ground := mat(s)
	where := newPose(s, 0.025, -0.05, 0.03)
	cloudy := s.seed()
	red, ivory := hex(0xb02a2c).times(s.span(0.95, 1.05)), hex(0xe6dcc2).times(s.span(0.97, 1.02))
	shift, tilt := vec{s.about(0.006), s.about(0.006)}, s.about(0.004)
	there := every
	ghost := vec{}
	switch d.kind {
	case "missing": // letters
		first := d.s.index(2)
		there = func(letter int) bool { return letter < first || letter > first+1 }
	case "misprint": // moved, or printed twice
		shift = shift.add(vec{d.s.about(0.01), d.s.span(0.03, 0.05)})
		if d.s.unit() < 0.5 {
			shift.y = -shift.y
		}
		if d.s.unit() < 0.5 {
			ghost = vec{d.s.span(0.012, 0.02), d.s.about(0.012)}
		} else {
			tilt += 0.03
		}
	}
	upright := direction(-tilt)
	return func(p vec) surface {
		q := where.local(p)
		x := max(math.Abs(q.x)-half, 0)
		wall := radius
		if q.x < 0.01 {
			wall += 0.006 // the cap goes over the body
		}
		r := vec{x, q.y}.length()
		f := surface{color: ivory, gloss: 0.75, cover: 1}
		if q.x < 0.01 {
			f.color = red
		}
		f.color = f.color.times(1 + float64(0.02*cloud(q.times(6), 2, cloudy)))
		f.height = float64(wall * 0.8 * dome(r/(wall+0.004)))
		seam := math.Abs(q.x - 0.01)
		f.color = f.color.times(1 - float64(0.3*ramp(0.004, 0.001, seam)) - float64(0.08*bell((q.x+0.03)/0.006)))
		ink := 0.0
		at := q.sub(vec{0.17, 0}.add(shift)).turned(upright)
		ink = lettering(at, "D25", 0.095, there)
		if ghost != (vec{}) {
			ink = max(ink, float64(0.7*lettering(at.sub(ghost), "D25", 0.095, there)))
		}
		f.color = f.color.to(hex(0x2a2d3a), float64(0.88*ink))
		mark := lettering(q.sub(vec{-0.18, 0}.add(shift)).turned(upright), "RC", 0.095, every)
		f.color = f.color.to(hex(0xf0e6dc), float64(0.85*mark))
		return f.on(ground, p, r-wall)
	}
}
