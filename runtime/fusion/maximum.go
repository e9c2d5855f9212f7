package fusion

import (
	"slices"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// maximum takes the largest error map at each pixel in place of their mean.
func maximum(c Config) builtin {
	return builtin{name: "max", config: c, join: slices.Max[[]float32], joinGraph: func(g *graph.Graph, stack graph.Value) graph.Value {
		return g.Apply(kernels.Reduce{Op: kernels.Max, Axes: kernels.Channel}, stack)
	}}
}
