package synth

// leather is a grained hide: soft pebbles of two sizes between shallow creases.
func leather(s *stream, _ damage) scene {
	big, small, warp, patches := s.seed(), s.seed(), s.seed(), s.seed()
	shift := vec{float64(50 * s.unit()), float64(50 * s.unit())}
	size := s.span(29, 32)
	base := hex(0x7d4d2e).times(s.span(0.93, 1.07))
	return func(p vec) surface {
		q := p.times(size).add(shift)
		q = q.add(vec{noise(q.times(0.6), warp), noise(q.times(0.6), warp+1)}.times(0.35))
		a, b := cells(q, big), cells(q.times(2.1), small)
		pebble := ramp(0, 0.55, a.next-a.near)
		fine := ramp(0, 0.5, b.next-b.near)
		crease := float64(ramp(0.22, 0, a.next-a.near) * (0.45 + float64(0.55*ramp(-0.4, 0.5, noise(q.times(0.3), warp+2)))))
		tone := 0.92 + float64(0.07*pebble) - float64(0.2*crease) + float64(0.05*fine) + float64(0.1*cloud(p.times(3), 3, patches))
		return surface{
			color:  base.times(tone),
			height: float64(0.0052*pebble) + float64(0.0022*fine) - float64(0.002*crease),
			gloss:  0.16, cover: 1,
		}
	}
}
