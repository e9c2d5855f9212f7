package imgio

import "math"

// Colormap turns a share of 0..1 into a colour, in 256 steps.
type Colormap struct{ table [256][3]uint8 }

// Ember returns the colour map of overlays: dark violet, magenta, red, orange, pale yellow. It is our own, perceptually
// even by construction: a path in OKLCh (Ottosson 2020) on which lightness rises linearly from 0.22 to 0.94 and the hue
// turns linearly from 290 to 465 degrees, while chroma is 0.05 + 0.17*sin(pi*t)^0.8, cut to what sRGB can show. Rising
// lightness keeps it readable in grey print and for the colour-blind.
func Ember() *Colormap {
	m := new(Colormap)
	for i := range m.table {
		t := float64(i) / 255
		light, hue := 0.22+0.72*t, (290+175*t)*math.Pi/180
		chroma := 0.05 + 0.17*math.Pow(math.Sin(math.Pi*t), 0.8)
		rgb := oklch(light, chroma, hue)
		for !inGamut(rgb) {
			chroma *= 0.99
			rgb = oklch(light, chroma, hue)
		}
		for c, v := range rgb {
			m.table[i][c] = uint8(math.Round(255 * gamma(v)))
		}
	}
	return m
}

// At returns the colour of share t; t outside 0..1 takes the nearer end.
func (m *Colormap) At(t float64) (r, g, b uint8) {
	c := m.table[int(math.Round(min(max(t, 0), 1)*255))]
	return c[0], c[1], c[2]
}

// oklch converts OKLCh to linear sRGB (Ottosson 2020).
func oklch(light, chroma, hue float64) [3]float64 {
	a, b := chroma*math.Cos(hue), chroma*math.Sin(hue)
	l := cube(light + 0.3963377774*a + 0.2158037573*b)
	m := cube(light - 0.1055613458*a - 0.0638541728*b)
	s := cube(light - 0.0894841775*a - 1.2914855480*b)
	return [3]float64{
		4.0767416621*l - 3.3077115913*m + 0.2309699292*s,
		-1.2684380046*l + 2.6097574011*m - 0.3413193965*s,
		-0.0041960863*l - 0.7034186147*m + 1.7076147010*s,
	}
}

func cube(v float64) float64 { return v * v * v }

func inGamut(rgb [3]float64) bool {
	return min(rgb[0], rgb[1], rgb[2]) >= 0 && max(rgb[0], rgb[1], rgb[2]) <= 1
}

// gamma is the transfer function of sRGB (IEC 61966-2-1).
func gamma(v float64) float64 {
	if v <= 0.0031308 {
		return 12.92 * v
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}
