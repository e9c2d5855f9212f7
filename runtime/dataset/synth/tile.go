package synth

// tile is polished terrazzo: chips of stone of two sizes in cement.
func tile(s *stream, _ damage) scene {
	large, small, rough, patches, sand := s.seed(), s.seed(), s.seed(), s.seed(), s.seed()
	shift := vec{float64(90 * s.unit()), float64(90 * s.unit())}
	cement := hex(0xd9d3c6).times(s.span(0.96, 1.03))
	stones := [...]uint32{0x7d7a74, 0xb98f6a, 0x4f5a58, 0xefe9dc, 0x9c5a45, 0xa9a59b}
	chips := func(f surface, p vec, seed uint32, least, most float64) surface {
		c := cells(p, seed)
		pick := lattice(int64(float64(c.id*1e6)), 3, seed)
		size := lerp(least, most, lattice(int64(float64(c.id*1e6)), 4, seed))
		corner := float64(0.16 * noise(p.times(2.7), rough))
		in := ramp(size+0.035, size-0.035, c.near+corner)
		in = float64(in * ramp(0.02, 0.08, c.next-c.near))
		color := hex(stones[int(float64(pick*float64(len(stones))))]).times(0.94 + float64(0.14*cloud(p.times(3), 2, rough+5)))
		f.color = f.color.to(color, in)
		return f
	}
	return func(p vec) surface {
		q := p.add(shift)
		f := surface{
			color:  cement.times(1 + float64(0.03*cloud(p.times(3), 3, patches)) + float64(0.04*noise(p.times(170), sand))),
			height: float64(0.0006 * noise(p.times(9), rough+9)), gloss: 0.12, cover: 1,
		}
		f = chips(f, q.times(30), small, 0.05, 0.34)
		return chips(f, q.times(10), large, 0.1, 0.46)
	}
}
