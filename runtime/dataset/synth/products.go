package synth

import "slices"

// product is a class of the data set.
type product struct {
	name  string
	kinds []string // the damage it can have, alphabetical
	own   []string // those of kinds that build does by itself
	// build draws one part with the natural variation of s. Damage that concerns
	// how the product is made, and not only its surface, is done here.
	build func(s *stream, d damage) scene
}

// damage is what build has to do wrong; a good part has none. It has random
// numbers of its own, so that the part is otherwise the good one.
type damage struct {
	kind string
	s    *stream
}

// products lists the classes. The first ones differ most from each other.
func products() []product {
	return []product{
		{"bolt", []string{"bent", "cut", "dent", "missing", "scratch", "stain"}, []string{"bent", "cut", "missing"}, bolt},
		{"fabric", []string{"bent", "cut", "fibre", "hole", "misprint", "stain"}, []string{"misprint"}, fabric},
		{"capsule", []string{"crack", "dent", "misprint", "missing", "scratch", "stain"}, []string{"misprint", "missing"}, capsule},
		{"wood", []string{"crack", "dent", "discoloured", "hole", "scratch", "stain"}, nil, wood},
		{"board", []string{"cut", "fibre", "misprint", "missing", "scratch", "stain"}, []string{"misprint", "missing"}, board},
		{"gear", []string{"crack", "dent", "missing", "scratch", "stain"}, []string{"missing"}, gear},
		{"tile", []string{"crack", "discoloured", "fibre", "hole", "scratch", "stain"}, nil, tile},
		{"grid", []string{"bent", "cut", "fibre", "missing", "stain"}, []string{"missing"}, grid},
		{"leather", []string{"cut", "dent", "discoloured", "fibre", "hole", "scratch"}, nil, leather},
		{"plate", []string{"bent", "crack", "dent", "missing", "scratch", "stain"}, []string{"bent", "missing"}, plate},
	}
}

// mark returns what draws a kind of damage on the product's surface, or nil when
// build does it.
func (p product) mark(kind string) func(*stream, scene, vec) scene {
	if slices.Contains(p.own, kind) {
		return nil
	}
	return marks()[kind]
}

// mat is the background that parts lie on: dark rubber with a fine grain.
func mat(s *stream) scene {
	grain, patches := s.seed(), s.seed()
	base := hex(0x3a3d42).times(s.span(0.92, 1.08))
	return func(p vec) surface {
		k := 1 + float64(0.05*cloud(p.times(4), 2, patches)) + float64(0.07*noise(p.times(150), grain))
		return surface{color: base.times(k), gloss: 0.02}
	}
}

// pose moves a part about its place in the middle of the picture and turns it.
type pose struct {
	at    vec
	back  vec // the direction that undoes the turn
	scale float64
}

// newPose moves by up to shift and turns by turn, give or take vary, in turns.
func newPose(s *stream, shift, turn, vary float64) pose {
	return pose{vec{0.5 + s.about(shift), 0.5 + s.about(shift)}, direction(-turn - s.about(vary)), s.span(0.97, 1.03)}
}

// local is where the place p of the picture is on the part.
func (o pose) local(p vec) vec { return p.sub(o.at).turned(o.back).times(1 / o.scale) }
