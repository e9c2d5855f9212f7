package synth

// glyph is a letter of 5 x 7 dots, a byte for each row, the left dot in bit 4.
type glyph [7]byte

// glyphs is the alphabet of the prints on parts.
func glyphs(c byte) glyph {
	switch c {
	case 'D':
		return glyph{30, 17, 17, 17, 17, 17, 30}
	case 'R':
		return glyph{30, 17, 17, 30, 20, 18, 17}
	case 'C':
		return glyph{14, 17, 16, 16, 16, 17, 14}
	case 'U':
		return glyph{17, 17, 17, 17, 17, 17, 14}
	case '1':
		return glyph{4, 12, 4, 4, 4, 4, 14}
	case '2':
		return glyph{14, 17, 1, 6, 8, 16, 31}
	case '5':
		return glyph{31, 16, 30, 1, 1, 17, 14}
	case '7':
		return glyph{31, 1, 2, 4, 8, 8, 8}
	}
	return glyph{}
}

// lettering is the share of ink at p of a text whose letters are high tall, centred
// on 0. ok says which letters are there.
func lettering(p vec, text string, high float64, ok func(letter int) bool) float64 {
	dot := high / 7
	x := p.x/dot + float64(len(text)*6-1)/2
	y := p.y/dot + 3.5
	if x < -1 || y < -1 || y > 8 || x > float64(len(text)*6) {
		return 0
	}
	ink := 0.0
	// Round dots that overlap: strokes with soft corners.
	for j := max(int(y)-1, 0); j <= min(int(y)+1, 6); j++ {
		for i := max(int(x)-1, 0); i <= min(int(x)+1, len(text)*6-1); i++ {
			letter, column := i/6, i%6
			if column == 5 || !ok(letter) || glyphs(text[letter])[j]>>(4-column)&1 == 0 {
				continue
			}
			ink = max(ink, ramp(0.95, 0.6, vec{x - float64(i) - 0.5, y - float64(j) - 0.5}.length()))
		}
	}
	return ink
}

func every(int) bool { return true }
