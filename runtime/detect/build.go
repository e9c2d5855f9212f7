package detect

import (
	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/diffusion"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Names of inputs and outputs.
const (
	inPixels = "pixels"   // normalised for the backbone, [1, S, S, 3]
	outBase  = "base map" // [1, S, S, 1]
	outStack = "stack"    // a channel for each map, [1, S, S, M]
)

// buildBase is the backbone with the base model.
func (d *Detector) buildBase() (*graph.Graph, error) {
	g := graph.New()
	c, s := d.config, d.config.ImageSize
	pixels := g.Input(inPixels, kernels.Float(1, s, s, 3))
	features := c.Backbone.Build(g, "backbone.", d.options.Weights, pixels, c.Base.FeatureSize())
	g.Check("backbone: features", features)
	heatmap := c.Base.Build(g, d.options.Weights, features, s, s)
	g.Check("base: heatmap", heatmap)
	g.Output(outBase, heatmap)
	return g, g.Err()
}

// buildRefiner is the step of the loop.
func (d *Detector) buildRefiner(loop *diffusion.Loop, denoiser diffusion.Denoiser) (*graph.Graph, error) {
	g := graph.New()
	g.Output(outStack, loop.Build(g, denoiser))
	return g, g.Err()
}

// chooseRule finds the rule and what it reads.
func (d *Detector) chooseRule() error {
	refined, base := d.config.Refiner != nil, d.config.Base != nil
	if d.rule = d.options.Rule; d.rule == nil {
		b, err := fusion.New(d.config.Rule(), d.config.Infer.Fusion)
		if err != nil {
			return err
		}
		d.rule = b
	}
	d.useRefiner, d.useBase = refined, base
	b, ok := d.rule.(fusion.Builtin)
	if !ok {
		return nil
	}
	var err error
	d.useRefiner, d.useBase, err = b.Needs(refined, base)
	return err
}
