package synth

import "math"

// marks is the damage that can be drawn on any surface around a place. Others,
// such as a missing piece, are the product's own.
func marks() map[string]func(s *stream, base scene, at vec) scene {
	return map[string]func(s *stream, base scene, at vec) scene{
		"bent":        bend,
		"crack":       crack,
		"cut":         cut,
		"dent":        dent,
		"discoloured": discolour,
		"fibre":       fibre,
		"hole":        hole,
		"scratch":     scratch,
		"stain":       stain,
	}
}

// scratch is a long, slightly curved, shallow groove with bright lips.
func scratch(s *stream, base scene, at vec) scene {
	heading := s.unit()
	length := s.span(0.16, 0.38)
	t := walk(s, at.sub(direction(heading).times(length/2)), heading, length, 0.02, 6)
	width := s.span(0.0035, 0.006)
	reach := float64(4 * width)
	seed := s.seed()
	return func(p vec) surface {
		f := base(p)
		d, along := t.at(p, reach)
		if d >= reach {
			return f
		}
		press := float64(ramp(0, 0.12, along) * ramp(1, 0.8, along) * (0.8 + float64(0.2*noise(p.times(60), seed))))
		core := float64(ramp(width, width/3, d) * press * f.cover)
		target := f.color.to(rgb{0.93, 0.92, 0.9}, 0.75)
		if f.color.light() > 0.6 {
			target = f.color.times(0.5)
		}
		f.color = f.color.to(target, core)
		f.height += float64(press * f.cover * 0.3 * width * (bell(d/(2.5*width)) - float64(2*bell(d/(1.2*width)))))
		return f
	}
}

// crack is a jagged dark line with a branch or two.
func crack(s *stream, base scene, at vec) scene {
	heading := s.unit()
	length := s.span(0.2, 0.36)
	trunk := walk(s, at.sub(direction(heading).times(length/2)), heading, length, 0.12, 11)
	all := []path{trunk}
	for range 1 + s.index(2) {
		from := trunk.points[3+s.index(5)]
		side := 0.09 + float64(0.05*s.unit())
		if s.unit() < 0.5 {
			side = -side
		}
		all = append(all, walk(s, from, heading+side, float64(length*s.span(0.25, 0.45)), 0.12, 6))
	}
	width := s.span(0.0035, 0.0055)
	reach := float64(3 * width)
	return func(p vec) surface {
		f := base(p)
		for i, t := range all {
			d, along := t.at(p, reach)
			if d >= reach {
				continue
			}
			taper := ramp(1.05, 0.5, along)
			if i == 0 {
				taper = float64(ramp(-0.05, 0.4, along) * ramp(1.05, 0.6, along))
			}
			open := float64(width * (0.25 + float64(0.75*taper)))
			gap := float64(ramp(open, open/3, d) * f.cover)
			f.color = f.color.to(hex(0x14110f), float64(0.9*gap))
			f.height -= float64(0.8 * width * bell(d/(2*width)) * f.cover)
			f.gloss = float64(f.gloss * (1 - gap))
		}
		return f
	}
}

// blot is an irregular round patch: its weight at p, 1 inside.
func blot(at vec, radius, rough, soft float64, seed uint32) func(p vec) float64 {
	return func(p vec) float64 {
		d := p.sub(at).times(1 / radius)
		r := d.length()
		if r > 1.6 {
			return 0
		}
		return ramp(1+soft, 1-soft, r+float64(rough*cloud(d.times(1.6), 4, seed)))
	}
}

// stain is a translucent blot with a darker rim: coffee, rust, oil or powder.
func stain(s *stream, base scene, at vec) scene {
	tint := hex([]uint32{0x5a3a1c, 0x9a4a18, 0x1c1a18, 0xe8e4da}[s.index(4)])
	radius, strength := s.span(0.045, 0.1), s.span(0.55, 0.8)
	seed := s.seed()
	body, inner := blot(at, radius, 0.55, 0.12, seed), blot(at, float64(radius*0.86), 0.55, 0.18, seed)
	streak := s.seed()
	return func(p vec) surface {
		f := base(p)
		w := float64(body(p) * f.cover)
		if w == 0 {
			return f
		}
		rim := 1 - float64(0.35*inner(p))
		w = float64(w * strength * rim * (0.9 + float64(0.2*cloud(p.times(30), 3, streak))))
		f.color = f.color.to(tint, clamp(w))
		f.gloss = float64(f.gloss * (1 - float64(0.7*w)))
		return f
	}
}

// hole goes through: dark inside, with a torn rim.
func hole(s *stream, base scene, at vec) scene {
	radius := s.span(0.022, 0.045)
	seed := s.seed()
	open, rim := blot(at, radius, 0.5, 0.1, seed), blot(at, float64(1.28*radius), 0.5, 0.25, seed)
	return func(p vec) surface {
		f := base(p)
		w, torn := float64(open(p)*f.cover), float64(rim(p)*f.cover)
		if torn == 0 {
			return f
		}
		f.color = f.color.times(1 + float64(0.25*torn))
		f.height += float64(0.006 * torn)
		f = f.over(surface{color: hex(0x0d0c0c), height: f.height - 0.03, cover: f.cover}, w)
		return f
	}
}

// dent is a smooth hollow, or a bump.
func dent(s *stream, base scene, at vec) scene {
	radius := s.span(0.04, 0.085)
	deep := float64(radius * s.span(0.2, 0.32))
	if s.unit() < 0.6 {
		deep = -deep
	}
	squash, angle := s.span(0.65, 1), direction(s.unit())
	return func(p vec) surface {
		f := base(p)
		q := p.sub(at).turned(angle).by(1, 1/squash)
		f.height += float64(deep * bell(q.length()/radius) * f.cover)
		return f
	}
}

// fibre is a thread that lies on the part, of a colour that stands out.
func fibre(s *stream, base scene, at vec) scene {
	heading, turn := s.unit(), s.about(0.03)
	points := []vec{at}
	length := s.span(0.18, 0.34)
	for range 14 {
		at = at.add(direction(heading).times(length / 14))
		points = append(points, at)
		turn += s.about(0.02)
		heading += turn
		turn = float64(turn * 0.8)
	}
	t := through(points)
	width := s.span(0.0035, 0.0055)
	reach := float64(2 * width)
	under := base(points[0]).color
	color, apart := rgb{}, -1.0
	for _, c := range []uint32{0xe9e6df, 0x24211f, 0xb5332b, 0x2c5aa8} {
		c := hex(c)
		d := math.Abs(c.r-under.r) + math.Abs(c.g-under.g) + math.Abs(c.b-under.b) + s.unit()/2
		if d > apart {
			color, apart = c, d
		}
	}
	shade := vec{0.006, 0.008}
	return func(p vec) surface {
		f := base(p)
		if d, _ := t.at(p.sub(shade), reach); d < reach {
			f.color = f.color.times(1 - float64(0.4*bell(d/(2*width))))
		}
		if d, _ := t.at(p, reach); d < reach {
			w := ramp(width, width/1.4, d)
			f = f.over(surface{color: color, height: f.height + float64(1.2*width*dome(d/width)), gloss: 0.05, cover: 1}, w)
		}
		return f
	}
}

// cut is a straight slit that gapes in its middle.
func cut(s *stream, base scene, at vec) scene {
	d := direction(s.unit()).times(s.span(0.06, 0.1))
	a, b := at.sub(d), at.add(d)
	width := s.span(0.008, 0.013)
	return func(p vec) surface {
		f := base(p)
		off, along := bar(p, a, b)
		if off > 3*width {
			return f
		}
		gape := float64(width * 4 * along * (1 - along))
		w := float64(inside(off-gape, edge) * f.cover)
		lip := float64(bell((off-gape)/width) * f.cover * 4 * along * (1 - along))
		f.color = f.color.to(rgb{1, 1, 1}, float64(0.22*lip))
		f.height += float64(0.6 * width * lip)
		return f.over(surface{color: hex(0x12100f), height: f.height - 0.02, cover: f.cover}, w)
	}
}

// discolour is a patch with soft edges whose colour is off.
func discolour(s *stream, base scene, at vec) scene {
	patch := blot(at, s.span(0.08, 0.14), 0.5, 0.35, s.seed())
	way, strength := s.index(3), s.span(0.6, 0.9)
	return func(p vec) surface {
		f := base(p)
		w := float64(patch(p) * strength * f.cover)
		if w == 0 {
			return f
		}
		c := f.color
		switch way {
		case 0: // bleached
			c = c.to(rgb{1, 1, 0.97}, 0.5)
		case 1: // scorched
			c = c.tint(rgb{0.62, 0.45, 0.32})
		default: // the wrong dye
			c = rgb{float64(0.5 * (c.b + c.g)), float64(0.85 * c.r), float64(0.5 * (c.r + c.g))}
		}
		f.color = c.to(f.color, 1-w)
		return f
	}
}

// bend pushes the material sideways.
func bend(s *stream, base scene, at vec) scene {
	radius := s.span(0.12, 0.19)
	push := direction(s.unit()).times(float64(radius * s.span(0.18, 0.28)))
	return func(p vec) surface {
		w := bell(p.distance(at) / radius)
		f := base(p.sub(push.times(w)))
		f.height += float64(0.012 * w)
		return f
	}
}
