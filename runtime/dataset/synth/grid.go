package synth

import "math"

// grid is a sheet of steel with round holes in staggered rows.
func grid(s *stream, d damage) scene {
	const pitch = 0.092
	row := float64(pitch * math.Sqrt(3) / 2)
	turn, shift := direction(s.about(0.012)), vec{float64(pitch * s.unit()), float64(row * 2 * s.unit())}
	radius := float64(pitch * s.span(0.315, 0.33))
	roll, spots, deep := s.seed(), s.seed(), s.seed()
	steel := hex(0x9fa4a8).times(s.span(0.95, 1.05))
	// The hole that was not punched.
	blind := vec{-9, -9}
	if d.kind == "missing" {
		blind = vec{d.s.span(0.2, 0.8), d.s.span(0.2, 0.8)}
	}
	// nearest is the centre of the hole next to a place of the sheet.
	nearest := func(q vec) vec {
		var best vec
		apart := 9.0
		for k := -1.0; k <= 1; k++ {
			j := math.Floor(q.y/row+0.5) + k
			offset := 0.0
			if int64(j)%2 != 0 {
				offset = 0.5
			}
			i := math.Floor(q.x/pitch-offset+0.5) + offset
			c := vec{float64(i * pitch), float64(j * row)}
			if r := q.distance(c); r < apart {
				best, apart = c, r
			}
		}
		return best
	}
	onSheet := func(p vec) vec { return p.sub(vec{0.5, 0.5}).turned(turn).add(shift) }
	blind = nearest(onSheet(blind))
	return func(p vec) surface {
		q := onSheet(p)
		c := nearest(q)
		r := q.distance(c)
		brushed := cloud(vec{float64(q.x * 12), float64(q.y * 190)}, 2, roll)
		f := surface{
			color: steel.times(1 + float64(0.07*brushed) + float64(0.06*cloud(q.times(5), 3, spots))),
			gloss: 0.16, cover: 1, height: float64(0.0004 * brushed),
		}
		if d.kind == "missing" && c == blind {
			return f
		}
		f.height -= float64(0.007 * ramp(radius+0.009, radius-0.002, r))
		below := surface{color: hex(0x17191c).times(1 + float64(0.4*noise(q.times(20), deep)) + float64(3*max(0, q.y-c.y)/radius*0.25)), height: f.height}
		return f.over(below, inside(r-radius, edge))
	}
}
