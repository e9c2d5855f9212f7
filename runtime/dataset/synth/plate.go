package synth

// plate is a brushed sheet of aluminium with rounded corners, four countersunk
// holes and an engraved frame.
func plate(s *stream, d damage) scene {
	const w, h = 0.37, 0.28
	ground := mat(s)
	where := newPose(s, 0.02, 0, 0.02)
	brush, haze := s.seed(), s.seed()
	metal := hex(0xb9bcbf).times(s.span(0.96, 1.04))
	band := s.span(-0.2, 0.2)
	undrilled := -1
	if d.kind == "missing" {
		undrilled = d.s.index(4)
	}
	curl, corner := 0.0, vec{1, 1}
	if d.kind == "bent" {
		curl = d.s.span(0.16, 0.24)
		corner = vec{float64(2*d.s.index(2)) - 1, float64(2*d.s.index(2)) - 1}
	}
	return func(p vec) surface {
		q := where.local(p)
		lift := 0.0
		if curl > 0 {
			// A corner folded up looks pulled in, and its slope changes the light.
			reach := q.dot(corner.by(0.7, 0.7)) - 0.27
			lift = max(reach, 0)
			q = q.add(corner.times(float64(curl * lift * 2)))
		}
		lines := cloud(vec{float64(q.x * 4), float64(q.y * 260)}, 3, brush)
		shine := bell((q.x - band - float64(0.3*q.y)) / 0.32)
		f := surface{
			color: metal.times(0.86 + float64(0.1*lines) + float64(0.16*shine) + float64(0.03*cloud(q.times(3), 2, haze))),
			gloss: 0.14, cover: 1, height: 0.02 + float64(0.0003*lines) + float64(2.5*curl*lift),
		}
		groove := box(q, w-0.05, h-0.05, 0.02)
		f.height -= float64(0.003 * ramp(0.006, 0.001, max(groove, -groove)))
		f.color = f.color.times(1 - float64(0.45*ramp(0.0035, 0.001, max(groove, -groove))))
		for i := range 4 {
			if i == undrilled {
				continue
			}
			c := vec{w - 0.045, h - 0.045}.by(float64(2*(i&1))-1, float64(i&2)-1)
			r := q.distance(c)
			f.height -= float64(0.012 * ramp(0.032, 0.016, r))
			f.color = f.color.to(hex(0x101113), inside(r-0.017, edge))
			f.gloss = float64(f.gloss * ramp(0.014, 0.02, r))
		}
		rim := box(q, w, h, 0.035)
		f.height -= float64(0.008 * ramp(-0.008, 0.001, rim))
		return f.on(ground, p, rim)
	}
}
