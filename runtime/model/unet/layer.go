package unet

import "github.com/drdc-dev/drdc/runtime/graph"

// layer is a convolution, a linear layer or a norm: its path and the PyTorch shape of
// its weight. Each has a bias.
type layer struct {
	path  string
	shape []int
}

func convolution(path string, in, out, kernel int) layer {
	return layer{path, []int{out, in, kernel, kernel}}
}

func linear(path string, in, out int) layer { return layer{path, []int{out, in}} }

func norm(path string, channels int) layer { return layer{path, []int{channels}} }

func (l layer) weight() graph.Source { return graph.Source{Name: l.path + ".weight", Shape: l.shape} }

func (l layer) bias() graph.Source {
	return graph.Source{Name: l.path + ".bias", Shape: l.shape[:1:1]}
}

// kernel is the side of a convolution's kernel, 1 for a linear layer.
func (l layer) kernel() int {
	if len(l.shape) == 4 {
		return l.shape[3]
	}
	return 1
}
