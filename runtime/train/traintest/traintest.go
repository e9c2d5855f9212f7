// Package traintest is a training so small that tests can run it often: a linear layer
// of four channels learns another one from random vectors. It imports what
// runtime/train does.
package traintest

import (
	"errors"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/train"
)

// Weight is the name of the only tensor, of the part "net".
const Weight = "net.weight"

var (
	shape   = [4]int{4, 4, 1, 1}
	vectors = kernels.Float(1, 2, 3, 4)
)

// Build is the loss of the layer.
func Build(g *graph.Graph) graph.Value {
	defer g.Scope("net")()
	w := g.Param(graph.Param{
		Name: Weight, Tensor: kernels.Tensor{Shape: kernels.ConvShape(shape, 0)}, From: []graph.Source{{Name: Weight, Shape: shape[:]}},
		Pack: func(from [][]float32) []float32 { return kernels.PackConv(from[0], shape, 0) },
	})
	y := g.Apply(kernels.Conv2D{Stride: [2]int{1, 1}}, g.Input("x", vectors), w)
	return train.MSE(g, y, g.Input("y", vectors))
}

// Start has a layer of zeros.
func Start() graph.Values {
	v := graph.Values{}
	w := v[Weight]
	w.Shape, w.Data = shape[:], make([]float32, 16)
	v[Weight] = w
	return v
}

// Feed writes the vectors of a pass of the trainer's next step; spoil changes them
// before, and may be nil.
func Feed(t *train.Trainer, pass int, spoil func(x []float64)) error {
	r := rand.New(rand.NewPCG(uint64(t.Steps()), uint64(pass)))
	x, y := kernels.NewArray(vectors), kernels.NewArray(vectors)
	for i := range x.Data {
		x.Data[i] = r.NormFloat64()
	}
	for i := range y.Data {
		y.Data[i] = x.Data[i^1] - 0.5*x.Data[i]
	}
	if spoil != nil {
		spoil(x.Data)
	}
	return errors.Join(t.Write("x", x.Bytes()), t.Write("y", y.Bytes()))
}
