package fusion

import (
	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// paper is Eq. 15 to 17: the mean of all error maps, smoothed, and the base map.
func paper(c Config) builtin {
	return builtin{name: "paper", config: c, join: meanOf, joinGraph: meanChannel}
}

func meanOf(values []float32) float32 { return mean(values, 1, 0, len(values)) }

func meanChannel(g *graph.Graph, stack graph.Value) graph.Value {
	return g.Apply(kernels.Reduce{Op: kernels.Mean, Axes: kernels.Channel}, stack)
}
