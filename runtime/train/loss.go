package train

import (
	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// MSE is the mean of the squared differences of a and b, two values of one shape:
// [1, 1, 1, 1].
func MSE(g *graph.Graph, a, b graph.Value) graph.Value {
	d := g.Apply(kernels.Binary{Op: kernels.Sub}, a, b)
	return Mean(g, g.Apply(kernels.Binary{Op: kernels.Mul}, d, d))
}

// Mean is the mean of all values of x [N, H, W, C]: [1, 1, 1, 1].
func Mean(g *graph.Graph, x graph.Value) graph.Value {
	images := g.Apply(kernels.Reduce{Op: kernels.Mean, Axes: kernels.All}, x)
	if n := g.Tensor(images).Shape[0]; n > 1 {
		images = g.View(images, kernels.Shape{1, 1, n, 1})
		images = g.Apply(kernels.Reduce{Op: kernels.Mean, Axes: kernels.Spatial}, images)
	}
	return images
}
