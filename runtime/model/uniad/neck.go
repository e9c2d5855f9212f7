package uniad

import (
	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Neck resizes the outputs of a backbone [N, H_i, W_i, C_i] to size rows and columns
// and puts their channels side by side, in order: [N, rows, columns, sum of C_i].
// Resizing is bilinear with aligned corners and without antialiasing, so that going
// down samples few points (MFCN, method 2.2).
func Neck(g *graph.Graph, size [2]int, taps ...graph.Value) graph.Value {
	defer g.Scope("neck")()
	on := make([]graph.Value, len(taps))
	for i, x := range taps {
		if s := g.Tensor(x).Shape; [2]int{s[1], s[2]} != size {
			x = resize(g, x, size[0], size[1])
		}
		on[i] = x
	}
	if len(on) == 1 {
		return on[0]
	}
	return g.Apply(kernels.Concat{}, on...)
}

// Heatmap is the distance of rebuilt from features, both [N, rows, columns, C], over
// the channels, resized to the image: [N, h, w, 1] (Eq. 2).
func Heatmap(g *graph.Graph, features, rebuilt graph.Value, h, w int) graph.Value {
	defer g.Scope("heatmap")()
	return resize(g, g.Apply(kernels.L2Norm{}, features, rebuilt), h, w)
}

func resize(g *graph.Graph, x graph.Value, h, w int) graph.Value {
	return g.Apply(kernels.Resize{Mode: kernels.Bilinear, AlignCorners: true, H: h, W: w}, x)
}
