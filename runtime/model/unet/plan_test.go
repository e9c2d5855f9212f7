package unet

import (
	"errors"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/train"
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
		{"adm", 2, 8*87 + 32},
		{"adm", 3, 0},
	} {
		c, err := Preset(test.preset)
		if err != nil {
			t.Fatal(err)
		}
		g := build(t, c, kernels.F32, 1, kernels.Float(test.images, 224, 224, 3))
		p, err := g.Plan(graph.Limits{Target: kernels.DefaultTarget(), Buffer: 256 * mebi})
		if test.most == 0 {
			if !errors.Is(err, kernels.ErrLimit) || !strings.Contains(err.Error(), "refiner.input_blocks.0.0: conv2d") {
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

// TestTrainingPlans shows what training the preset small at 224x224 needs, and what
// computing activations again saves.
func TestTrainingPlans(t *testing.T) {
	c, err := Preset("small")
	if err != nil {
		t.Fatal(err)
	}
	x := kernels.Float(1, 224, 224, 3)
	loss := func(g *graph.Graph) graph.Value {
		eps := c.Build(g, Options{Prefix: prefix, Trainable: true}, g.Input("t", kernels.Float(1, 1, 1, 1)), g.Input("x_t", x), g.Input("x_c", x))
		return train.MSE(g, eps, g.Input("noise", x))
	}
	kept := 0
	for _, segments := range []int{0, 4, 8} {
		p, err := train.New(loss, graph.Limits{Target: kernels.DefaultTarget(), Buffer: 256 << 20}, train.Options{AdamW: train.DefaultAdamW(), EMA: 0.999, Recompute: segments})
		if err != nil {
			t.Fatal(err)
		}
		m := p.Memory()
		t.Logf("%2d segments: %v", segments, m)
		if segments == 0 {
			kept = m.Arenas
		} else if segments == 8 && m.Arenas > kept*6/10 {
			t.Errorf("8 segments: %d MiB of activations and gradients, want at most 60%% of %d", m.Arenas>>20, kept>>20)
		}
	}
}

// TestMemory holds plans to 1.3 times what is alive at once, for GPUs and for CPU
// adapters, whose windows need buffers apart, and the preset base with the two sets of
// an image to 2 GiB.
func TestMemory(t *testing.T) {
	for _, test := range []struct {
		preset string
		images int
	}{{"small", 1}, {"small", 2}, {"unet58", 1}, {"base", 2}} {
		c, err := Preset(test.preset)
		if err != nil {
			t.Fatal(err)
		}
		g := build(t, c, kernels.F32, 1, kernels.Float(test.images, 224, 224, 3))
		for _, v := range kernels.Variants() {
			target := kernels.DefaultTarget().As(v)
			p, err := g.Plan(graph.Limits{Target: target, Buffer: 256 << 20})
			if err != nil {
				t.Fatal(err)
			}
			m := p.Memory()
			if float64(m.Arenas) > 1.3*float64(m.Live) {
				t.Errorf("%s, %d images, %s: %d bytes of activations, %d alive at once: over 1.3 times", test.preset, test.images, v.Name, m.Arenas, m.Live)
			}
			if m.Peak() > 2<<30 {
				t.Errorf("%s, %d images, %s: %v, want at most 2 GiB", test.preset, test.images, v.Name, m)
			}
			t.Logf("%s, %d images, %s: %v, %.2f times what is alive at once, %d dispatches", test.preset, test.images, v.Name, m, float64(m.Arenas)/float64(m.Live), p.Dispatches())
		}
	}
}
