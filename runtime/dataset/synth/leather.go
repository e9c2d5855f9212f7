package synth

// leather is a grained hide: pebbles of two sizes between creases.
func leather(s *stream, _ damage) scene {
	big, small, warp, patches := s.seed(), s.seed(), s.seed(), s.seed()
	shift := vec{float64(50 * s.unit()), float64(50 * s.unit())}
	size := s.span(25, 28)
	base := hex(0x7a4a2b).times(s.span(0.93, 1.07))
	return func(p vec) surface {
		q := p.times(size).add(shift)
		q = q.add(vec{noise(q.times(0.35), warp), noise(q.times(0.35), warp+1)}.times(0.8))
		a, b := cells(q, big), cells(q.times(2.3), small)
		crease := ramp(0.02, 0.3, a.next-a.near)
		fine := ramp(0, 0.35, b.next-b.near)
		tone := 0.72 + float64(0.28*crease) + float64(0.05*fine) + float64(0.09*cloud(p.times(3), 3, patches)) + float64(0.07*(a.id-0.5))
		return surface{
			color:  base.times(tone),
			height: float64(0.0085*crease) + float64(0.002*fine) + float64(0.004*(a.id-0.5)*crease),
			gloss:  0.1, cover: 1,
		}
	}
}
