package synth

import "math"

// gear is a spur wheel seen from above: teeth, web with round openings, hub and
// bore.
func gear(s *stream, d damage) scene {
	const teeth, openings = 22.0, 6.0
	ground := mat(s)
	where := newPose(s, 0.025, 0, 0.5)
	turned, grime, cast := s.seed(), s.seed(), s.seed()
	brass := hex(0xb98f45).times(s.span(0.95, 1.05))
	broken, left := -1.0, 0.0
	if d.kind == "missing" {
		broken, left = float64(d.s.index(22)), d.s.span(0, 0.35)
	}
	return func(p vec) surface {
		q := where.local(p)
		r, a := q.length(), turns(q)
		if r > 0.5 {
			return ground(p)
		}
		// A tooth narrows from its root to its tip.
		pitch := float64(a * teeth)
		tooth := math.Floor(pitch)
		off := math.Abs(pitch - tooth - 0.5)
		const root, tip = 0.345, 0.405
		top := tip
		if tooth == broken {
			top = lerp(root, tip, left) + float64(0.004*noise(q.times(160), cast))
		}
		flank := float64((off - lerp(0.33, 0.17, (r-root)/(tip-root))) * (2 * math.Pi * r / teeth))
		outline := max(r-top, min(r-root, flank))

		lathe := noise(vec{float64(r * 330), float64(3 * a)}, turned)
		f := surface{
			color: brass.times(1 + float64(0.05*lathe) + float64(0.05*cloud(q.times(9), 3, grime))),
			gloss: 0.22, cover: 1, height: 0.02 + float64(0.0004*lathe),
		}
		// The web lies lower than rim and hub.
		web := float64(ramp(0.3, 0.29, r) * ramp(0.125, 0.135, r))
		f.height -= float64(0.012 * web)
		f.color = f.color.times(1 - float64(0.16*web) + float64(0.05*web*noise(q.times(70), cast)))
		spoke := float64(a * openings)
		spoke = (math.Floor(spoke) + 0.5) / openings
		hollow := q.distance(direction(spoke).times(0.212)) - 0.05
		bore := min(r-0.062, box(q.sub(vec{0.062, 0}), 0.02, 0.016, 0.002))
		open := min(hollow, bore)
		f.height -= float64(0.008 * (ramp(-0.007, 0.001, outline) + ramp(0.007, -0.001, open)))
		return f.on(ground, p, max(outline, -open))
	}
}
