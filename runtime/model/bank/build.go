package bank

import (
	"math"
	"strings"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Options says where the stored tensor is.
type Options struct {
	Prefix string // in front of the stored name, such as "bank."
}

// Build compares features [N, rows, columns, InChannels] with those remembered and
// returns the distance to the nearest: [N, rows, columns, 1]. c must be valid; errors
// of shapes are kept by g.
func (c Config) Build(g *graph.Graph, o Options, features graph.Value) graph.Value {
	if o.Prefix != "" {
		defer g.Scope(strings.TrimSuffix(o.Prefix, "."))()
	}
	memory := c.Tensors()[0]
	memory.Name = o.Prefix + memory.Name
	bank := g.Param(graph.Param{
		Name: memory.Name, Tensor: kernels.Float(1, 1, c.Size, c.InChannels), From: []graph.Source{memory},
		Pack: func(from [][]float32) []float32 { return c.pack(from[0]) },
	})
	return g.Apply(kernels.NearestRow{Unit: c.Metric == Cosine}, c.Local(g, features), bank)
}

// Local is the mean of features over the neighborhood of each place: what is
// remembered and what is looked for.
func (c Config) Local(g *graph.Graph, features graph.Value) graph.Value {
	if c.Neighborhood == 1 {
		return features
	}
	return g.Apply(kernels.BoxFilter{Size: c.Neighborhood}, features)
}

// Heatmap brings distances [N, rows, columns, 1] to the pixels of the image
// [N, h, w, 1], bilinear with aligned corners as the features were (Eq. 2).
func Heatmap(g *graph.Graph, distance graph.Value, h, w int) graph.Value {
	defer g.Scope("heatmap")()
	return g.Apply(kernels.Resize{Mode: kernels.Bilinear, AlignCorners: true, H: h, W: w}, distance)
}

// pack pads the rows to four lanes and, of Cosine, scales each to length 1.
func (c Config) pack(rows []float32) []float32 {
	stride := (c.InChannels + 3) / 4 * 4
	packed := make([]float32, c.Size*stride)
	for i := range c.Size {
		row := rows[i*c.InChannels : (i+1)*c.InChannels]
		scale := 1.0
		if c.Metric == Cosine {
			scale = 1 / math.Sqrt(max(squared(row), 1e-30))
		}
		for j, v := range row {
			packed[i*stride+j] = float32(scale * float64(v))
		}
	}
	return packed
}

func squared(row []float32) float64 {
	sum := 0.0
	for _, v := range row {
		sum += float64(v) * float64(v)
	}
	return sum
}
