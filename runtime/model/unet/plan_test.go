package unet

import (
	"errors"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// TestPlans holds the presets at 224x224 to the memory of method 3.5 under the limits
// that every device offers: the kept skip connections and, at the finest level, the
// norm of h and skip with its two sources; and two temporaries of 16 MiB in which a
// convolution there holds its tiles.
func TestPlans(t *testing.T) {
	const mebi = 1 << 20
	for _, test := range []struct {
		preset string
		images int
		most   int // MiB of activations; 0: does not fit
	}{
		{"small", 1, 87 + 32},
		{"small", 4, 4*87 + 32},
		{"base", 2, 4*87 + 32},
		{"adm", 1, 4*87 + 32},
		{"adm", 2, 0},
	} {
		c, err := Preset(test.preset)
		if err != nil {
			t.Fatal(err)
		}
		g := build(t, c, kernels.F32, 1, kernels.Float(test.images, 224, 224, 3))
		p, err := g.Plan(graph.Limits{Target: kernels.DefaultTarget(), Buffer: 256 * mebi})
		if test.most == 0 {
			if !errors.Is(err, kernels.ErrLimit) || !strings.Contains(err.Error(), "refiner.output_blocks.15.0.in_layers.0: groupnorm") {
				t.Errorf("%s, %d images: %v, want the limit of a binding and its operation", test.preset, test.images, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s, %d images: %v", test.preset, test.images, err)
			continue
		}
		if m := p.Memory(); m.Arenas > test.most*mebi {
			t.Errorf("%s, %d images: %v, want at most %d MiB of activations", test.preset, test.images, m, test.most)
		}
	}
}
