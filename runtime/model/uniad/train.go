package uniad

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Jitter disturbs features [N, rows, columns, C] as UniAD does in training (method
// 2.4): to every token is added normal noise of deviation scale times the mean length
// of a channel, that of the token over C. keys [N, 1, 1, 4] of U32 are those of
// kernels.Noise.
func Jitter(g *graph.Graph, features, keys graph.Value, scale float64) graph.Value {
	defer g.Scope("jitter")()
	s := g.Tensor(features).Shape
	noise := g.Apply(kernels.Noise{H: s[1], W: s[2], C: s[3]}, keys)
	size := g.Apply(kernels.L2Norm{}, features)
	size = g.Apply(kernels.Repeat{Shape: g.Tensor(size).Shape, Scale: float32(scale / float64(s[3]))}, size)
	return g.Apply(kernels.Binary{Op: kernels.Add}, features, g.Apply(kernels.Binary{Op: kernels.Mul}, noise, size))
}

// layer is the number of a layer in the name of a tensor.
var layer = regexp.MustCompile(`layers\.\d+\.`)

// Initial draws the weights that training begins with (method 2.3), by the names of
// Tensors behind prefix: Glorot's uniform distribution for linear layers, offsets 0,
// gains 1, embeddings of places uniform in 0 to 1 and learned queries normal. Input
// projections of attentions and learned queries begin the same in all layers, as in
// UniAD, which copies a layer. The values follow from the seed and the name.
func (c Config) Initial(prefix string, seed uint64) graph.Values {
	values := graph.Values{}
	for _, t := range c.Tensors() {
		v := values[prefix+t.Name]
		v.Shape, v.Data = t.Shape, initial(t, seed)
		values[prefix+t.Name] = v
	}
	return values
}

func initial(t graph.Source, seed uint64) []float32 {
	n := 1
	for _, e := range t.Shape {
		n *= e
	}
	data := make([]float32, n)
	name := t.Name
	if strings.HasSuffix(name, "in_proj_weight") || strings.HasSuffix(name, learnedEmbed) {
		name = layer.ReplaceAllString(name, "")
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	fill := func(draw func() float64) []float32 {
		for i := range data {
			data[i] = float32(draw())
		}
		return data
	}
	switch {
	case t.Name == rowEmbed || t.Name == colEmbed:
		return fill(r.Float64)
	case strings.HasSuffix(t.Name, learnedEmbed):
		return fill(r.NormFloat64)
	case len(t.Shape) == 2:
		bound := math.Sqrt(6 / float64(t.Shape[0]+t.Shape[1]))
		return fill(func() float64 { return bound * (2*r.Float64() - 1) })
	case strings.HasSuffix(t.Name, "weight"): // of a norm
		return fill(func() float64 { return 1 })
	}
	return data
}
