package fusion

// window is the side of the squares whose mean is taken for the score, in pixels
// (method 4.5).
const window = 16

// Score is the largest mean over squares of 16 x 16 pixels, one at every place where
// it lies inside; where the map is smaller than that, the square is as large as the
// map allows on that side.
func Score(heatmap []float32, w, h int) float64 {
	across, down := min(window, w), min(window, h)
	wide := w - across + 1
	rows := make([]float32, wide*h)
	for y := range h {
		for x := range wide {
			rows[y*wide+x] = mean(heatmap[y*w:], 1, x, x+across)
		}
	}
	best := mean(rows, wide, 0, down)
	for y := range h - down + 1 {
		for x := range wide {
			best = max(best, mean(rows[x:], wide, y, y+down))
		}
	}
	return float64(best)
}
