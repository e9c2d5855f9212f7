package fusion

import (
	"slices"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// trimmedMean leaves the smallest and the largest error map out of the mean at each
// pixel; of one or two maps it is their mean.
func trimmedMean(c Config) builtin {
	return builtin{name: "trimmed-mean", config: c, join: trimmedMeanOf, joinGraph: trimmedMeanChannel}
}

func trimmedMeanOf(values []float32) float32 {
	if len(values) < 3 {
		return meanOf(values)
	}
	sum := float32(0)
	for _, v := range values {
		sum += v
	}
	return (sum - slices.Min(values) - slices.Max(values)) / float32(len(values)-2)
}

func trimmedMeanChannel(g *graph.Graph, stack graph.Value) graph.Value {
	n := g.Tensor(stack).Shape[3]
	if n < 3 {
		return meanChannel(g, stack)
	}
	reduce := func(op kernels.ReduceOp) graph.Value {
		return g.Apply(kernels.Reduce{Op: op, Axes: kernels.Channel}, stack)
	}
	sub := kernels.Binary{Op: kernels.Sub}
	rest := g.Apply(sub, g.Apply(sub, reduce(kernels.Sum), reduce(kernels.Min)), reduce(kernels.Max))
	return nodes{g}.times("trimmed", rest, 1/float32(n-2))
}
