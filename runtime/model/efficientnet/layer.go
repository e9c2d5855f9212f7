package efficientnet

import "github.com/drdc-dev/drdc/runtime/graph"

// layer is a convolution with the names of its stored tensors. It is followed by
// the batch normalisation norm or, when norm is empty, has a bias.
type layer struct {
	conv, norm string
	in, out    int // channels, in of a group
	kernel     int
	depthwise  bool
}

func (l layer) weight() graph.Source {
	return graph.Source{Name: l.conv + ".weight", Shape: []int{l.out, l.in, l.kernel, l.kernel}}
}

func (l layer) bias() graph.Source {
	return graph.Source{Name: l.conv + ".bias", Shape: []int{l.out}}
}

// stats are gamma, beta, mean and variance of the batch normalisation.
func (l layer) stats() []graph.Source {
	ts := make([]graph.Source, 0, 4)
	for _, name := range []string{".weight", ".bias", ".running_mean", ".running_var"} {
		ts = append(ts, graph.Source{Name: l.norm + name, Shape: []int{l.out}})
	}
	return ts
}

func (l layer) tensors() []graph.Source {
	if l.norm == "" {
		return []graph.Source{l.weight(), l.bias()}
	}
	return append([]graph.Source{l.weight()}, l.stats()...)
}

func (l layer) params() int {
	n := l.out * l.in * l.kernel * l.kernel
	if l.norm == "" {
		return n + l.out
	}
	return n + 2*l.out
}
