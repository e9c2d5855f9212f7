package fusion

import (
	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

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

// buildScore is Score in a graph: [1, 1, 1, 1] of a heatmap [1, H, W, 1].
func buildScore(g *graph.Graph, heatmap graph.Value) graph.Value {
	s := g.Tensor(heatmap).Shape
	side := [2]int{min(window, s[1]), min(window, s[2])}
	means := g.Apply(kernels.Pool{Kind: kernels.PoolAvg, Window: side, Stride: [2]int{1, 1}}, heatmap)
	return g.Apply(kernels.Reduce{Op: kernels.Max, Axes: kernels.All}, means)
}
