package uniad

import (
	"fmt"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// param declares a parameter made of one stored tensor; suffix sets apart those
// made of the same.
func (b *builder) param(name, suffix string, shape []int, t kernels.Tensor, pack func([]float32) []float32) graph.Value {
	name = b.options.Prefix + name
	return b.Param(graph.Param{
		Name: name + suffix, Tensor: t, From: []graph.Source{{Name: name, Shape: shape}},
		Pack: func(from [][]float32) []float32 { return pack(from[0]) },
	})
}

// vector declares [1, 1, 1, n].
func (b *builder) vector(name string, n int) graph.Value {
	return b.param(name, "", []int{n}, kernels.Float(1, 1, 1, n), kernels.PackVector)
}

// linear applies a linear layer with the activation or the residual of op.
func (b *builder) linear(x graph.Value, path string, in, out int, op kernels.MatMul, residual ...graph.Value) graph.Value {
	defer b.Scope(path)()
	t := kernels.Tensor{Shape: kernels.LinearShape(out, in), Type: b.options.Weights}
	w := b.param(path+".weight", "", []int{out, in}, t, func(v []float32) []float32 { return kernels.PackLinear(v, out, in) })
	op.Bias = true
	return b.Apply(op, append([]graph.Value{x, w, b.vector(path+".bias", out)}, residual...)...)
}

// project applies part 0, 1 or 2 of the packed input projection of an attention: for
// queries, keys or values.
func (b *builder) project(x graph.Value, path string, part int) graph.Value {
	defer b.Scope(path)()
	d, suffix := b.config.HiddenDim, [...]string{".q", ".k", ".v"}[part]
	t := kernels.Tensor{Shape: kernels.LinearShape(d, d), Type: b.options.Weights}
	w := b.param(path+".in_proj_weight", suffix, []int{3 * d, d}, t, func(v []float32) []float32 {
		return kernels.PackLinear(v[part*d*d:(part+1)*d*d], d, d)
	})
	bias := b.param(path+".in_proj_bias", suffix, []int{3 * d}, kernels.Float(1, 1, 1, d), func(v []float32) []float32 {
		return kernels.PackVector(v[part*d : (part+1)*d])
	})
	return b.Apply(kernels.MatMul{Bias: true}, x, w, bias)
}

func (b *builder) norm(x graph.Value, path string) graph.Value {
	defer b.Scope(path)()
	d := b.config.HiddenDim
	return b.Apply(kernels.LayerNorm{Eps: 1e-5}, x, b.vector(path+".weight", d), b.vector(path+".bias", d))
}

// position is the learned embedding of the places [1, rows, columns, HiddenDim]:
// that of the column in the first half of the channels, that of the row in the second.
func (b *builder) position() graph.Value {
	defer b.Scope("pos_embed")()
	rows, columns, half := b.config.FeatureSize[0], b.config.FeatureSize[1], b.config.HiddenDim/2
	// in places rows of half the channels from channel first on.
	in := func(first int) func([]float32) []float32 {
		return func(v []float32) []float32 {
			out := make([]float32, 2*len(v))
			for i := range len(v) / half {
				copy(out[2*half*i+first:], v[half*i:half*(i+1)])
			}
			return out
		}
	}
	row := b.param(rowEmbed, "", []int{rows, half}, kernels.Float(1, rows, 1, 2*half), in(half))
	column := b.param(colEmbed, "", []int{columns, half}, kernels.Float(1, 1, columns, 2*half), in(0))
	return b.Apply(kernels.Binary{Op: kernels.Add}, row, column)
}

// queries are the learned queries of a decoder layer, the same for every image:
// [N, rows, columns, HiddenDim].
func (b *builder) queries(path string) graph.Value {
	defer b.Scope(path)()
	rows, columns, d := b.config.FeatureSize[0], b.config.FeatureSize[1], b.config.HiddenDim
	same := func(v []float32) []float32 { return v }
	x := b.param(path+"."+learnedEmbed, "", []int{rows * columns, d}, kernels.Float(1, rows, columns, d), same)
	if b.images == 1 {
		return x
	}
	return b.Apply(kernels.Binary{Op: kernels.Add}, x, b.zeros)
}

// repeat declares zeros [N, 1, 1, 1], which repeat for every image what they are
// added to.
func (b *builder) repeat() graph.Value {
	t := kernels.Float(b.images, 1, 1, 1)
	return b.Param(graph.Param{
		Name: fmt.Sprintf("%szeros.%d", b.options.Prefix, b.images), Tensor: t,
		Pack: func([][]float32) []float32 { return make([]float32, t.Shape.Padded()) },
	})
}

// neighbors declares the neighbour mask.
func (b *builder) neighbors() graph.Value {
	n := b.config.FeatureSize[0] * b.config.FeatureSize[1]
	return b.Param(graph.Param{
		Name: b.options.Prefix + "neighbor_mask", Tensor: kernels.Float(1, 1, n, n),
		Pack: func([][]float32) []float32 { return b.config.mask() },
	})
}
