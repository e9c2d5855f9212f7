package synth

import "math"

// bolt is a hexagon-head screw that lies on its side.
func bolt(s *stream, d damage) scene {
	ground := mat(s)
	where := newPose(s, 0.02, 0, 0.045)
	grain, zinc, wear := s.seed(), s.seed(), s.seed()
	steel := hex(0xa3a8ac).times(s.span(0.94, 1.06))
	phase := s.unit()
	const (
		headTop, headEnd = -0.4, -0.235
		flange           = -0.212
		shankEnd         = -0.02
		end              = 0.4
		shank, thread    = 0.082, 0.086
		pitch            = 0.034
	)
	curve, worn, wide, chip := 0.0, 9.0, 0.0, 0.0
	switch d.kind {
	case "bent":
		curve = d.s.span(0.35, 0.6)
		if d.s.unit() < 0.5 {
			curve = -curve
		}
	case "missing": // some turns of the thread
		worn, wide = d.s.span(0.1, 0.3), d.s.span(0.05, 0.08)
	case "cut": // a corner of the head
		chip = d.s.span(0.05, 0.085)
		if d.s.unit() < 0.5 {
			chip = -chip
		}
	}
	return func(p vec) surface {
		q := where.local(p)
		if over := q.y + 0.05; over > 0 {
			q.x -= float64(curve * over * over)
		}
		f := surface{color: steel, gloss: 0.28, cover: 1}
		distance := 9.0
		switch {
		case q.y < headEnd:
			// Three faces of the hexagon show, the outer ones foreshortened.
			const half = 0.172
			x := math.Abs(q.x)
			bevel := max(-0.01, float64((x-0.12)*0.45))
			distance = max(x-half, headTop+bevel-q.y, q.y-headEnd)
			f.height = 0.12 - max(0, float64((x-0.086)*0.75)) - float64(0.02*ramp(headTop+0.035, headTop, q.y-bevel))
			f.height -= float64(0.008 * bell((x-0.086)/0.006))
			f.color = f.color.times(1 + float64(0.05*cloud(vec{float64(q.x * 90), float64(q.y * 8)}, 2, grain)))
			if chip != 0 {
				side := chip / math.Abs(chip)
				lost := vec{float64(side*q.x) - half, q.y - headTop}
				rough := float64(0.012 * noise(lost.times(60), wear))
				distance = max(distance, math.Abs(chip)-lost.add(vec{rough, rough}).length())
			}
		case q.y < flange:
			distance = max(math.Abs(q.x)-0.205+0.004, q.y-flange)
			f.height = float64(0.1 * dome(q.x/0.215))
		default:
			radius := shank
			cut := 0.0
			if q.y > shankEnd {
				turn := (q.y-float64(q.x*0.09))/pitch + phase
				turn -= math.Floor(turn)
				cut = float64(ramp(0.5, 0.1, math.Abs(turn-0.5)) * ramp(shankEnd, shankEnd+0.03, q.y))
				cut = float64(cut * (1 - ramp(wide+0.01, wide-0.01, math.Abs(q.y-worn))))
				radius = thread - float64(0.013*cut)
			}
			radius -= float64(0.03 * ramp(end-0.035, end, q.y))
			distance = max(math.Abs(q.x)-radius, q.y-end)
			f.height = float64(radius * 0.75 * dome(float64(q.x*0.985)/radius))
			f.height -= float64(0.008 * cut * dome(q.x/radius))
			f.color = f.color.times(1 - float64(0.42*cut))
		}
		f.color = f.color.times(1 + float64(0.07*cloud(q.times(14), 3, zinc)) + float64(0.04*noise(q.times(120), wear)))
		return f.on(ground, p, distance)
	}
}
