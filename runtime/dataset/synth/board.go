package synth

import "math"

// board is a small printed circuit: traces, vias, a chip, resistors and a
// capacitor. All boards have one layout.
func board(s *stream, d damage) scene {
	shift, turn := vec{s.about(0.012), s.about(0.012)}, direction(s.about(0.006))
	weave, dust, etch := s.seed(), s.seed(), s.seed()
	mask := hex(0x1d6b46).times(s.span(0.94, 1.06))
	traces := []path{
		through([]vec{{0.08, 0.2}, {0.24, 0.2}, {0.33, 0.29}, {0.33, 0.38}}),
		through([]vec{{0.08, 0.28}, {0.2, 0.28}, {0.29, 0.37}, {0.29, 0.42}, {0.34, 0.42}}),
		through([]vec{{0.08, 0.36}, {0.16, 0.36}, {0.26, 0.46}, {0.34, 0.46}}),
		through([]vec{{0.34, 0.5}, {0.2, 0.5}, {0.14, 0.56}, {0.14, 0.74}}),
		through([]vec{{0.34, 0.54}, {0.26, 0.54}, {0.24, 0.56}, {0.24, 0.74}}),
		through([]vec{{0.64, 0.38}, {0.72, 0.38}, {0.8, 0.3}, {0.8, 0.22}}),
		through([]vec{{0.64, 0.42}, {0.76, 0.42}, {0.92, 0.26}, {0.92, 0.08}}),
		through([]vec{{0.64, 0.46}, {0.82, 0.46}, {0.92, 0.56}, {0.92, 0.64}}),
		through([]vec{{0.64, 0.5}, {0.72, 0.5}, {0.8, 0.58}, {0.8, 0.64}}),
		through([]vec{{0.64, 0.54}, {0.67, 0.54}, {0.7, 0.57}, {0.7, 0.8}, {0.62, 0.88}, {0.46, 0.88}}),
		through([]vec{{0.14, 0.84}, {0.18, 0.88}, {0.34, 0.88}}),
		through([]vec{{0.33, 0.12}, {0.42, 0.12}, {0.5, 0.2}, {0.66, 0.2}}),
		through([]vec{{0.08, 0.08}, {0.2, 0.08}}),
	}
	// Parts: resistors lie across (x) or along (y) their pads.
	resistors := []struct {
		at      vec
		upright bool
	}{
		{vec{0.14, 0.79}, true}, {vec{0.24, 0.79}, true}, {vec{0.4, 0.88}, false}, {vec{0.26, 0.1}, false}, {vec{0.8, 0.17}, true},
	}
	vias := []vec{{0.08, 0.2}, {0.08, 0.28}, {0.08, 0.36}, {0.92, 0.08}, {0.5, 0.72}, {0.6, 0.76}, {0.4, 0.74}, {0.66, 0.2}, {0.08, 0.08}, {0.92, 0.64}}
	jitter := make([]vec, len(resistors))
	for i := range jitter {
		jitter[i] = vec{s.about(0.004), s.about(0.004)}
	}
	absent, silk := -1, vec{}
	switch d.kind {
	case "missing":
		absent = d.s.index(len(resistors) + 1)
	case "misprint":
		silk = direction(d.s.unit()).times(d.s.span(0.018, 0.03))
	}
	const soft = edge
	return func(p vec) surface {
		q := p.sub(vec{0.5, 0.5}).turned(turn).add(vec{0.5, 0.5}).add(shift)
		f := surface{
			color: mask.times(1 + float64(0.05*wave(float64(q.x*60))*wave(float64(q.y*60))) + float64(0.04*cloud(q.times(6), 3, weave)) + float64(0.03*noise(q.times(140), dust))),
			gloss: 0.1, cover: 1,
		}
		// Copper under the mask.
		for i := range traces {
			if t, _ := traces[i].at(q, 0.02); t < 0.02 {
				w := inside(t-0.0095, 0.003)
				f.color = f.color.to(hex(0x3f9a63), float64(0.75*w))
				f.height += float64(0.002 * w)
			}
		}
		for _, v := range vias {
			r := q.distance(v)
			f.color = f.color.to(hex(0xd0aa52), inside(r-0.021, soft))
			f.color = f.color.to(hex(0x0f1512), inside(r-0.009, soft))
		}
		// The print.
		ink := lettering(q.sub(vec{0.5, 0.8}.add(silk)), "DR7", 0.05, every)
		ink = max(ink, lettering(q.sub(vec{0.8, 0.91}.add(silk)), "C1", 0.038, every), lettering(q.sub(vec{0.49, 0.31}.add(silk)), "U1", 0.034, every))
		frame := math.Abs(q.distance(vec{0.86, 0.76}.add(silk))-0.092) - 0.003
		notch := math.Abs(box(q.sub(vec{0.49, 0.46}.add(silk)), 0.125, 0.125, 0.01)) - 0.0025
		ink = max(ink, inside(frame, soft), inside(notch, soft))
		f.color = f.color.to(hex(0xe8ebe4), float64(0.9*ink))
		// Resistors between silver ends.
		for i, part := range resistors {
			e := q.sub(part.at)
			if !part.upright {
				e = vec{e.y, e.x}
			}
			if math.Abs(e.x) > 0.05 || math.Abs(e.y) > 0.08 {
				continue
			}
			pads := box(vec{e.x, math.Abs(e.y) - 0.04}, 0.027, 0.02, 0.004)
			f.color = f.color.to(hex(0xc9a24e).times(1+float64(0.06*noise(q.times(60), etch))), inside(pads, soft))
			f.gloss = lerp(f.gloss, 0.3, inside(pads, soft))
			if i == absent {
				continue
			}
			e = e.sub(jitter[i])
			body := box(e, 0.024, 0.046, 0.004)
			color := hex(0x26282b)
			gloss := 0.1
			if math.Abs(e.y) > 0.031 {
				color, gloss = hex(0xc4c7c9), 0.4
			}
			f = f.over(surface{color: color, height: 0.016 - float64(0.01*ramp(-0.008, 0.001, body)), gloss: gloss, cover: 1}, inside(body, soft))
		}
		// The chip, its legs left and right.
		if e := q.sub(vec{0.49, 0.46}); math.Abs(e.x) < 0.19 && math.Abs(e.y) < 0.14 {
			leg := e.y/0.04 - math.Floor(e.y/0.04+0.5)
			legs := max(float64(math.Abs(leg)*0.04)-0.009, math.Abs(e.x)-0.165, math.Abs(e.y)-0.095)
			f = f.over(surface{color: hex(0xc3c6c8), height: 0.01 - float64(0.04*max(0, math.Abs(e.x)-0.12)), gloss: 0.4, cover: 1}, inside(legs, soft))
			body := box(e, 0.11, 0.11, 0.008)
			color := hex(0x2b2d30).times(1 + float64(0.08*noise(q.times(110), dust)))
			color = color.to(hex(0x8f9397), float64(0.8*lettering(e.sub(vec{0, 0.02}), "DRC25", 0.03, every)))
			color = color.to(hex(0x17181a), inside(e.distance(vec{-0.08, -0.08})-0.012, soft))
			f = f.over(surface{color: color, height: 0.03 - float64(0.016*ramp(-0.014, 0.001, body)), gloss: 0.08, cover: 1}, inside(body, soft))
		}
		// The capacitor: a can with a dark half and a scored lid.
		if e := q.sub(vec{0.86, 0.76}); absent != len(resistors) && e.length() < 0.1 {
			r := e.length()
			color := hex(0xbfc3c6).times(1 + float64(0.05*noise(vec{float64(r * 220), 0}, etch)))
			if e.x < -0.03 {
				color = hex(0x2c2f36)
			}
			score := min(math.Abs(e.x-e.y), math.Abs(e.x+e.y))
			f = f.over(surface{
				color: color.times(1 - float64(0.35*ramp(0.004, 0.001, score)*ramp(0.055, 0.045, r))), gloss: 0.35, cover: 1,
				height: 0.06 - float64(0.03*ramp(0.058, 0.08, r)),
			}, inside(r-0.08, soft))
		} else if absent == len(resistors) {
			for _, x := range []float64{-0.03, 0.03} {
				f.color = f.color.to(hex(0xc9a24e), inside(e.distance(vec{x, 0})-0.016, soft))
			}
		}
		return f
	}
}
