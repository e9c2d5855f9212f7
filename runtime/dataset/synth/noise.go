package synth

import "math"

// lattice is a random number in [0, 1) for a whole place of a noise field.
func lattice(x, y int64, seed uint32) float64 {
	h := mix64(uint64(x)*0x9e3779b97f4a7c15 ^ uint64(y)*0xc2b2ae3d27d4eb4f ^ uint64(seed)<<17)
	return float64(h>>11) / (1 << 53)
}

// noise is smooth in -1..1, with features of about 1 in size (value noise).
func noise(p vec, seed uint32) float64 {
	fx, fy := math.Floor(p.x), math.Floor(p.y)
	x, y := int64(fx), int64(fy)
	u, v := ramp(0, 1, p.x-fx), ramp(0, 1, p.y-fy)
	top := lerp(lattice(x, y, seed), lattice(x+1, y, seed), u)
	bottom := lerp(lattice(x, y+1, seed), lattice(x+1, y+1, seed), u)
	return float64(2*lerp(top, bottom, v)) - 1
}

// cloud is noise of several sizes, each half of the one before, in about -1..1.
func cloud(p vec, octaves int, seed uint32) float64 {
	sum, weight, total := 0.0, 1.0, 0.0
	for i := range octaves {
		sum += float64(weight * noise(p, seed+uint32(i)))
		total += weight
		weight /= 2
		p = p.times(2).add(vec{17.3, 5.7})
	}
	return sum / total
}

// cell is what cells finds around a place.
type cell struct {
	near, next float64 // distances to the nearest and the second nearest seed
	id         float64 // a random number in [0, 1) of the nearest
	to         vec     // from the nearest seed to the place
}

// cells scatters one seed into every unit square (Worley, "A cellular texture
// basis function", SIGGRAPH 1996).
func cells(p vec, seed uint32) cell {
	fx, fy := math.Floor(p.x), math.Floor(p.y)
	c := cell{near: 9, next: 9}
	for dy := -1.0; dy <= 1; dy++ {
		for dx := -1.0; dx <= 1; dx++ {
			x, y := int64(fx+dx), int64(fy+dy)
			to := p.sub(vec{fx + dx + lattice(x, y, seed), fy + dy + lattice(x, y, seed+1)})
			switch d := to.length(); {
			case d < c.near:
				c.next, c.near, c.to = c.near, d, to
				c.id = lattice(x, y, seed+2)
			case d < c.next:
				c.next = d
			}
		}
	}
	return c
}
