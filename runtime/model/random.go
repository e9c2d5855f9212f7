package model

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/drdc-dev/drdc/runtime/graph"
)

// Random is the untrained network of a part: normal weights of variance 2/fan-in
// (He et al., arXiv 1502.01852), 1/fan-in where no activation follows in a
// MobileNetV2, gains 1, offsets 0, and 0 for the last convolution of every branch of a
// U-Net, which then answers 0 (method 3.2). The values depend on the seed and the
// tensor's name alone.
type Random struct {
	Seed uint64
	// Full draws the convolutions that end a branch too, so that the output depends on all
	// of the network.
	Full bool
}

// Tensors lists the stored tensors of a part of c without its prefix; the part is
// "backbone", "base" or "refiner".
func (c Config) Tensors(part string) ([]graph.Source, error) {
	switch {
	case part == "backbone" && c.Backbone != nil:
		return c.Backbone.Tensors(), nil
	case part == "base" && c.Base != nil && c.Base.Arch == UniAD:
		return c.Base.Tensors(), nil
	case part == "refiner" && c.Refiner != nil:
		return c.Refiner.Tensors(), nil
	}
	return nil, fmt.Errorf("model: the configuration has no part %q with weights to draw", part)
}

// Values draws a tensor.
func (r Random) Values(t graph.Source) []float32 {
	n, fanIn := 1, 1
	for i, d := range t.Shape {
		n *= d
		if i > 0 {
			fanIn *= d
		}
	}
	v := make([]float32, n)
	switch {
	case zero(t.Name) && !r.Full:
	case len(t.Shape) > 1:
		h := fnv.New64a()
		h.Write([]byte(t.Name))
		source := rand.New(rand.NewPCG(r.Seed, h.Sum64()))
		gain := 2.0
		if strings.HasSuffix(t.Name, ".project.weight") {
			gain = 1
		}
		scale := math.Sqrt(gain / float64(fanIn))
		for i := range v {
			v[i] = float32(scale * source.NormFloat64())
		}
	case strings.HasSuffix(t.Name, "weight") || strings.HasSuffix(t.Name, "running_var"):
		for i := range v {
			v[i] = 1
		}
	}
	return v
}

// zero reports whether a tensor starts at 0: a module that ends a branch.
func zero(name string) bool {
	for _, end := range []string{"out_layers.3.weight", "proj_out.weight", "out.2.weight"} {
		if name == end || strings.HasSuffix(name, "."+end) {
			return true
		}
	}
	return false
}
