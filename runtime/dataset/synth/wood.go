package synth

import "math"

// wood is planks side by side, each with its own grain.
func wood(s *stream, _ damage) scene {
	const planks = 3.0
	shift, turn := s.about(0.1), direction(s.about(0.004))
	seed := s.seed()
	tone := s.span(0.95, 1.05)
	dark, pale := hex(0x8a5a33), hex(0xd3a56c)
	return func(p vec) surface {
		q := p.sub(vec{0.5, 0.5}).turned(turn).add(vec{0.5 + shift, 0.5})
		board := math.Floor(float64(q.x * planks))
		x := float64(q.x*planks) - board
		own := seed + uint32(int64(board)+8)*97
		start := lattice(int64(board), 0, seed)
		// Year rings, cut lengthwise: a distorted distance from a far centre.
		ring := vec{float64((x - 0.5) * (0.55 + float64(0.3*start))), float64(q.y*0.35) + float64(start*40)}
		r := float64(ring.x*7) + float64(2.6*cloud(vec{float64(x * 0.9), ring.y}, 3, own))
		year := r - math.Floor(r)
		late := float64(ramp(0.25, 0.9, year) * ramp(1, 0.93, year))
		fibres := cloud(vec{float64(x * 60), float64(q.y * 5)}, 3, own+11)
		pores := ramp(0.5, 0.8, noise(vec{float64(x * 95), float64(q.y * 14)}, own+31))
		k := float64(tone * (0.94 + float64(0.12*lattice(int64(board), 7, seed))) * (1 + float64(0.09*fibres)) * (1 - float64(0.22*pores)))
		f := surface{
			color:  pale.to(dark, clamp(float64(0.75*late)+float64(0.15*cloud(q.times(2), 2, own+51))+0.05)).times(k),
			height: float64(0.0012*fibres) - float64(0.0012*pores) - float64(0.0008*late),
			gloss:  0.06, cover: 1,
		}
		side := float64(min(x, 1-x) / planks) // distance to the joint
		f.color = f.color.to(hex(0x21150c), float64(0.9*ramp(0.0045, 0.0015, side)))
		f.height -= float64(0.006 * ramp(0.009, 0.001, side))
		return f
	}
}
