package uniad

import "github.com/drdc-dev/drdc/kernels"

// hidden is what the mask adds to a score to make its weight exactly zero.
const hidden = -1e30

// mask returns the neighbour mask of a grid of tokens: row i of [1, 1, L, L], padded,
// is hidden at the tokens less than half of the neighbour size away from token i in
// both directions, i itself among them, and 0 elsewhere.
func (c Config) mask() []float32 {
	rows, columns := c.FeatureSize[0], c.FeatureSize[1]
	s := kernels.Shape{1, 1, rows * columns, rows * columns}
	data := make([]float32, s.Padded())
	near := func(a, b, size int) bool { return max(a-b, b-a) <= size/2 }
	for i := range rows * columns {
		for j := range rows * columns {
			if near(i/columns, j/columns, c.NeighborSize[0]) && near(i%columns, j%columns, c.NeighborSize[1]) {
				data[s.Index(0, 0, i, j)] = hidden
			}
		}
	}
	return data
}
