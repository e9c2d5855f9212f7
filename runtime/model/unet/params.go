package unet

import (
	"fmt"
	"slices"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// weight is the weight of op over the sources x, stored with the input channels that
// x has, and op in the form that reads it: as transformed tiles where images of op's
// output are large enough for that.
func (b *builder) weight(l layer, op kernels.Conv2D, x []graph.Value) (kernels.Op, graph.Value) {
	src := l.weight()
	src.Shape = slices.Clone(src.Shape)
	src.Shape[1] = b.channels(x...)
	split := 0
	if len(x) == 2 {
		split = b.channels(x[0])
	}
	oihw := [4]int{src.Shape[0], src.Shape[1], l.kernel(), l.kernel()}
	t := kernels.Tensor{Shape: kernels.ConvShape(oihw, split), Type: b.options.Weights}
	form := kernels.Op(op)
	if b.options.Trainable {
		form = op.Tiled(b.Tensor(x[0]).Shape, t)
	} else if op, ok := op.Winograd(b.Tensor(x[0]).Shape, oihw, t.Type); ok {
		t.Shape = kernels.WinogradShape(oihw, split, op.Tile)
		name := fmt.Sprintf("%s in tiles of %d", src.Name, op.Tile)
		return op, b.param(name, src, t, func(v []float32) []float32 { return kernels.PackWinograd(v, oihw, split, op.Tile) })
	}
	return form, b.param(src.Name, src, t, func(v []float32) []float32 { return kernels.PackConv(v, oihw, split) })
}

func (b *builder) channels(x ...graph.Value) int {
	n := 0
	for _, v := range x {
		n += b.Tensor(v).Shape[3]
	}
	return n
}

// vector is a stored vector [C] as [1, 1, 1, C].
func (b *builder) vector(src graph.Source) graph.Value {
	return b.param(src.Name, src, kernels.Float(1, 1, 1, src.Shape[0]), kernels.PackVector)
}

// param is a parameter that is pack of the stored tensor src.
func (b *builder) param(name string, src graph.Source, t kernels.Tensor, pack func([]float32) []float32) graph.Value {
	src.Name = b.options.Prefix + src.Name
	return b.Param(graph.Param{
		Name: b.options.Prefix + name, Tensor: t, From: []graph.Source{src},
		Pack: func(from [][]float32) []float32 { return pack(from[0]) },
	})
}
