package bank

import (
	"fmt"

	"github.com/drdc-dev/drdc/runtime/graph"
)

// Metric says how features are compared.
type Metric string

const (
	// L2 is their distance.
	L2 Metric = "l2"
	// Cosine is the distance of features of length 1, sqrt(2 - 2 cos): 0 to 2.
	Cosine Metric = "cosine"
)

// Config sizes the memory.
type Config struct {
	Metric Metric `json:"metric"`
	// Neighborhood is the side of the square of places whose mean stands for the one
	// in its middle, odd; 1 takes features as they are. At the border it is the mean of
	// the places that exist.
	Neighborhood int    `json:"neighborhood"`
	FeatureSize  [2]int `json:"feature_size"` // rows and columns of the features
	InChannels   int    `json:"in_channels"`  // C of the features
	Size         int    `json:"size"`         // M: features remembered
}

// Default compares 3x3 means of the features of MobileNetV2 at 28x28 by their distance.
func Default() Config {
	return Config{Metric: L2, Neighborhood: 3, FeatureSize: [2]int{28, 28}, InChannels: 192, Size: 10_000}
}

// Validate names the first field that has no meaning.
func (c Config) Validate() error {
	if c.Metric != L2 && c.Metric != Cosine {
		return fmt.Errorf("bank: metric %q, want %q or %q", c.Metric, L2, Cosine)
	}
	for _, f := range []struct {
		name       string
		value, max int
	}{
		{"neighborhood", c.Neighborhood, 63}, {"feature_size rows", c.FeatureSize[0], 1024}, {"feature_size columns", c.FeatureSize[1], 1024},
		{"in_channels", c.InChannels, 1 << 16}, {"size", c.Size, 1 << 24},
	} {
		if f.value < 1 || f.value > f.max {
			return fmt.Errorf("bank: %s %d, want 1 to %d", f.name, f.value, f.max)
		}
	}
	if c.Neighborhood%2 == 0 {
		return fmt.Errorf("bank: neighborhood %d, want an odd number", c.Neighborhood)
	}
	return nil
}

// Tensors lists the stored tensor, features [M, C], without the part's prefix: means
// over the neighborhood and, of Cosine, of any length.
func (c Config) Tensors() []graph.Source {
	return []graph.Source{{Name: "features", Shape: []int{c.Size, c.InChannels}}}
}

// Params is the number of stored values.
func (c Config) Params() int { return c.Size * c.InChannels }
