package pretext

import (
	"fmt"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Config is the task for a backbone.
type Config struct {
	Size     int   // pixels of a side of the images, at least 16
	Classes  int   // products
	Channels []int // of the backbone's taps
}

// Names of the inputs of a network with Loss.
const (
	imageInput  = "pretext.image"
	pastedInput = "pretext.pasted"
	labelInput  = "pretext.label"
)

// Prefix stands in front of the names of the tensors that only the task needs.
const Prefix = "pretext."

const (
	kinds = 2 // of pasting: patch and scar
	turns = 4 // quarters
)

// Validate names the first field that has no meaning.
func (c Config) Validate() error {
	if c.Size < 16 || c.Size > 4096 {
		return fmt.Errorf("pretext: size %d, want 16 to 4096", c.Size)
	}
	if c.Classes < 1 || c.Classes > 1<<12 {
		return fmt.Errorf("pretext: classes %d, want 1 to %d", c.Classes, 1<<12)
	}
	if len(c.Channels) == 0 {
		return fmt.Errorf("pretext: no taps")
	}
	return nil
}

func (c Config) labels() int { return c.Classes + turns }

// Tensors lists the stored tensors of the heads, without Prefix: shapes as PyTorch
// has them.
func (c Config) Tensors() []graph.Source {
	var ts []graph.Source
	add := func(name string, out, in int) {
		ts = append(ts, graph.Source{Name: name + ".weight", Shape: []int{out, in}}, graph.Source{Name: name + ".bias", Shape: []int{out}})
	}
	all := 0
	for i, n := range c.Channels {
		add(head(i), kinds, n)
		all += n
	}
	add(wholeHead, c.labels(), all)
	return ts
}

const wholeHead = "whole"

func head(tap int) string { return fmt.Sprintf("taps.%d", tap) }

// Image declares the input of n images [N, Size, Size, 3], normalised as a Batch has
// them.
func (c Config) Image(g *graph.Graph, n int) graph.Value {
	return g.Input(imageInput, kernels.Float(n, c.Size, c.Size, 3))
}
