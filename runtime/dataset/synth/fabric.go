package synth

import "math"

// fabric is a checked twill: threads pass over two and under two others.
func fabric(s *stream, d damage) scene {
	const pitch = 1.0 / 34
	turn, shift := direction(s.about(0.008)), vec{s.unit(), s.unit()}
	slack, dye, lint := s.seed(), s.seed(), s.seed()
	tone := s.span(0.94, 1.06)
	wrong := [2]int64{-1, -1}
	if d.kind == "misprint" {
		// A few weft threads of another colour.
		wrong[0] = 8 + int64(d.s.index(18))
		wrong[1] = wrong[0] + 1 + int64(d.s.index(3))
	}
	return func(p vec) surface {
		q := p.sub(vec{0.5, 0.5}).turned(turn).add(vec{0.5, 0.5})
		q = q.times(1 / pitch).add(shift)
		q.x += float64(0.16 * noise(q.by(1, 0.13), slack))
		q.y += float64(0.16 * noise(q.by(0.13, 1), slack+1))
		col, row := math.Floor(q.x), math.Floor(q.y)
		i, j := int64(col), int64(row)
		across, along := q.x-col-0.5, q.y-row-0.5
		id, stripe, weft := i, (i%14+14)%14, false
		if (i+j)%4 >= 2 || (i+j)%4 < 0 && (i+j)%4 >= -2 {
			across, along, id, stripe, weft = along, across, j, (j%14+14)%14, true
		}
		color := hex(0x41597d)
		switch {
		case weft && id >= wrong[0] && id < wrong[1]:
			color = hex(0xb8643a)
		case stripe < 3:
			color = hex(0xc9c3b2)
		case stripe == 7:
			color = hex(0x8c3b3a)
		}
		round := dome(float64(across * 1.9))
		twist := wave(float64(along*1.5) + float64(across*1.2) + float64(id)/3)
		fuzz := noise(q.times(5), lint)
		k := float64(tone * (0.6 + float64(0.4*round)) * (1 + float64(0.06*twist) + float64(0.1*fuzz) + float64(0.09*(lattice(id, stripe, dye)-0.5))))
		return surface{
			color:  color.times(k),
			height: float64(pitch * (float64(0.3*round) + float64(0.16*bell(along)) + float64(0.03*fuzz))),
			gloss:  0.02, cover: 1,
		}
	}
}
