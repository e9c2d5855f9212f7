package detect

import (
	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/diffusion"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Names of inputs and outputs.
const (
	inPixels   = "pixels" // normalised for the backbone, [1, S, S, 3]
	inBase     = "base"   // the base heatmap, [1, S, S, 1]
	outBase    = "base map"
	outHeatmap = "heatmap"
	outScore   = "score"
	outStack   = "stack"
)

// buildBase is the base model; with alone the rule too.
func (d *Detector) buildBase(alone bool) (*graph.Graph, error) {
	g := graph.New()
	c, s := d.config, d.config.ImageSize
	pixels := g.Input(inPixels, kernels.Float(1, s, s, 3))
	features := c.Backbone.Build(g, "backbone.", d.options.Weights, pixels, c.Base.FeatureSize())
	g.Check("backbone: features", features)
	heatmap := c.Base.Build(g, d.options.Weights, features, s, s)
	g.Check("base: heatmap", heatmap)
	g.Output(outBase, heatmap)
	if alone {
		if err := d.buildRule(g, graph.Value{}, heatmap); err != nil {
			return nil, err
		}
	}
	return g, g.Err()
}

// buildRefiner is the step of the loop with the rule behind it.
func (d *Detector) buildRefiner(loop *diffusion.Loop, denoiser diffusion.Denoiser) (*graph.Graph, error) {
	g := graph.New()
	stack := loop.Build(g, denoiser)
	if d.options.Stack || d.builder == nil {
		g.Output(outStack, stack)
	}
	base := graph.Value{}
	if d.builder != nil && d.useBase {
		base = g.Input(inBase, kernels.Float(1, d.config.ImageSize, d.config.ImageSize, 1))
	}
	if err := d.buildRule(g, stack, base); err != nil {
		return nil, err
	}
	return g, g.Err()
}

// buildRule adds a built-in rule; others run on the CPU.
func (d *Detector) buildRule(g *graph.Graph, stack, base graph.Value) error {
	if d.builder == nil {
		return nil
	}
	heatmap, score, err := d.builder.Build(g, stack, base)
	if err != nil {
		return err
	}
	g.Check("fusion: heatmap", heatmap)
	g.Output(outHeatmap, heatmap)
	g.Output(outScore, score)
	return nil
}

// chooseRule finds the rule and what it reads.
func (d *Detector) chooseRule() error {
	refined, base := d.config.Refiner != nil, d.config.Base != nil
	if d.rule = d.options.Rule; d.rule == nil {
		name := d.config.Infer.Rule
		switch {
		case name != "":
		case !refined:
			name = "base"
		default:
			name = "paper"
		}
		b, err := fusion.New(name, d.config.Infer.Fusion)
		if err != nil {
			return err
		}
		d.rule = b
	}
	d.useRefiner, d.useBase = refined, base
	b, ok := d.rule.(fusion.Builder)
	if !ok {
		return nil
	}
	d.builder = b
	var err error
	d.useRefiner, d.useBase, err = b.Needs(refined, base)
	return err
}
