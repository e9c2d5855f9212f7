package fusion

import (
	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// nodes adds the arithmetic of the rules to a graph.
type nodes struct{ *graph.Graph }

func (n nodes) constant(name string, v float32) graph.Value {
	return n.Param(graph.Param{
		Name: "fusion." + name, Tensor: kernels.Float(1, 1, 1, 1),
		Pack: func([][]float32) []float32 { return []float32{v, 0, 0, 0} },
	})
}

func (n nodes) add(a, b graph.Value) graph.Value {
	return n.Apply(kernels.Binary{Op: kernels.Add}, a, b)
}

// times is v multiplied by a constant of that name.
func (n nodes) times(name string, v graph.Value, factor float32) graph.Value {
	if factor == 1 {
		return v
	}
	return n.Apply(kernels.Binary{Op: kernels.Mul}, v, n.constant(name, factor))
}

func (n nodes) box(v graph.Value, size int) graph.Value {
	return n.Apply(kernels.BoxFilter{Size: size}, v)
}
