package synth

import "math"

// surface is what a part or its background is made of at a place.
type surface struct {
	color  rgb
	height float64 // in image widths
	gloss  float64 // 0 dull, 1 mirror-like highlights
	cover  float64 // 1 on the part, 0 on the background
}

// over lays a surface on another with a weight.
func (s surface) over(t surface, weight float64) surface {
	return surface{
		color: s.color.to(t.color, weight), height: lerp(s.height, t.height, weight),
		gloss: lerp(s.gloss, t.gloss, weight), cover: lerp(s.cover, t.cover, weight),
	}
}

// on lays a part with an outline, a signed distance, on what is below it.
func (s surface) on(below scene, p vec, outline float64) surface {
	w := inside(outline, edge)
	if w == 1 {
		return s
	}
	return below(p).over(s, w)
}

// scene says what is at each place of a picture.
type scene func(p vec) surface

// light is how a picture is lit and taken.
type light struct {
	x, y, z  float64 // towards the lamp, length 1
	slope    vec     // change of brightness over the picture
	exposure float64
	cast     rgb
	grain    uint32
	noise    float64
}

func newLight(s *stream) light {
	d := direction(0.635 + s.about(0.03)) // from the upper left
	const z = 0.74
	across := math.Sqrt(1 - z*z)
	return light{
		x: float64(d.x * across), y: float64(d.y * across), z: z,
		slope:    vec{s.about(0.06), s.about(0.06)},
		exposure: s.span(0.95, 1.05),
		cast:     rgb{1 + s.about(0.012), 1, 1 + s.about(0.012)},
		grain:    s.seed(), noise: s.span(0.006, 0.011),
	}
}

// shade returns how bright a slope is, 1 when flat, and its highlight, 0..1.
func (l light) shade(dx, dy float64) (diffuse, highlight float64) {
	n := math.Sqrt(float64(dx*dx) + float64(dy*dy) + 1)
	lambert := max((l.z-float64(l.x*dx)-float64(l.y*dy))/n, 0)
	// The normal against the direction half-way to the eye, which is above.
	half := math.Sqrt(float64((l.z + 1) * 2)) // length of light + eye
	h := max((l.z+1-float64(l.x*dx)-float64(l.y*dy))/n/half, 0)
	for range 5 {
		h = float64(h * h)
	}
	return 0.35 + float64(0.65*lambert/l.z), h
}

// render draws a scene as size x size pixels of 3 channels in 0..1, without
// grain. Each pixel is the mean of fine x fine places.
func (l light) render(draw scene, size, fine int) []float64 {
	n := size * fine
	step := 1 / float64(n)
	ground := make([]surface, n*n)
	for y := range n {
		for x := range n {
			ground[y*n+x] = draw(vec{float64((float64(x) + 0.5) * step), float64((float64(y) + 0.5) * step)})
		}
	}
	shadow := l.shadow(ground, n)
	out := make([]float64, size*size*3)
	share := 1 / float64(fine*fine)
	for y := range n {
		up, down := max(y-1, 0), min(y+1, n-1)
		for x := range n {
			left, right := max(x-1, 0), min(x+1, n-1)
			s := ground[y*n+x]
			dx := (ground[y*n+right].height - ground[y*n+left].height) / float64(float64(right-left)*step)
			dy := (ground[down*n+x].height - ground[up*n+x].height) / float64(float64(down-up)*step)
			diffuse, highlight := l.shade(dx, dy)
			at := vec{float64(float64(x)*step) - 0.5, float64(float64(y)*step) - 0.5}
			k := float64(diffuse * l.exposure * (1 + float64(2*l.slope.dot(at))) * (1 - float64(shadow[y*n+x]*(1-s.cover))))
			c := s.color.times(k).tint(l.cast)
			shine := float64(s.gloss * highlight)
			o := out[(y/fine*size+x/fine)*3:][:3]
			o[0] += float64(clamp(c.r+shine) * share)
			o[1] += float64(clamp(c.g+shine) * share)
			o[2] += float64(clamp(c.b+shine) * share)
		}
	}
	return out
}

// shadow is how much of the light each place of the background lacks: the part's
// outline, moved away from the lamp and blurred.
func (l light) shadow(ground []surface, n int) []float64 {
	const reach, depth = 0.02, 0.55
	part := make([]float64, n*n)
	dx, dy := int(float64(-l.x*reach*float64(n))), int(float64(-l.y*reach*float64(n)))
	for y := range n {
		for x := range n {
			from := min(max(y-dy, 0), n-1)*n + min(max(x-dx, 0), n-1)
			part[y*n+x] = float64(ground[from].cover * depth)
		}
	}
	radius := max(n/80, 1)
	line := make([]float64, n)
	for range 2 {
		for i := range n {
			blur(part[i*n:], line, 1, radius)
			blur(part[i:], line, n, radius)
		}
	}
	return part
}

// blur replaces len(line) values, stride apart, by the means of their neighbours
// up to radius away.
func blur(values, line []float64, stride, radius int) {
	n := len(line)
	for i := range n {
		line[i] = values[i*stride]
	}
	sum := 0.0
	for i := -radius; i <= radius; i++ {
		sum += line[min(max(i, 0), n-1)]
	}
	for i := range n {
		values[i*stride] = sum / float64(2*radius+1)
		sum += line[min(i+radius+1, n-1)] - line[max(i-radius, 0)]
	}
}
