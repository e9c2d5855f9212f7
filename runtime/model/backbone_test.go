package model

import (
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

func TestBackbone(t *testing.T) {
	for _, test := range []struct {
		arch     string
		grid     [2]int
		channels int
	}{
		{EfficientNetB4, [2]int{14, 14}, 272},
		{MobileNetV2, [2]int{28, 28}, 192},
	} {
		t.Run(test.arch, func(t *testing.T) {
			b := DefaultBackbone(test.arch)
			if err := b.Validate(); err != nil {
				t.Fatal(err)
			}
			g := graph.New()
			y := b.Build(g, "backbone.", kernels.F16, g.Input("image", kernels.Float(2, 224, 224, 3)), test.grid)
			if err := g.Err(); err != nil {
				t.Fatal(err)
			}
			want := kernels.Float(2, test.grid[0], test.grid[1], test.channels)
			if got := g.Tensor(y); got != want || b.Channels() != test.channels {
				t.Errorf("features %v, %d channels, want %v", got, b.Channels(), want)
			}
			known := map[string]bool{}
			for _, s := range b.Tensors() {
				known["backbone."+s.Name] = true
			}
			for _, p := range g.Params() {
				for _, s := range p.From {
					if !known[s.Name] {
						t.Errorf("tensor %q is read and not listed", s.Name)
					}
				}
			}
		})
	}
}

func TestBackboneValidate(t *testing.T) {
	for _, test := range []struct {
		name   string
		arch   string
		change func(b *Backbone)
		want   string
	}{
		{"unknown", "resnet50", func(*Backbone) {}, `model: backbone arch "resnet50", want "efficientnet_b4" or "mobilenet_v2"`},
		{"padding", MobileNetV2, func(b *Backbone) { b.Padding = "static380" }, `model: backbone: mobilenet: padding "static380"`},
		{"epsilon", EfficientNetB4, func(b *Backbone) { b.BNEps = -1 }, "model: backbone: efficientnet: bn_eps -1"},
		{"taps", MobileNetV2, func(b *Backbone) { b.Taps = nil }, "model: backbone: mobilenet: no taps"},
		{"std", EfficientNetB4, func(b *Backbone) { b.Std[2] = 0 }, "std above 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := DefaultBackbone(test.arch)
			test.change(&b)
			if err := b.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
