package forward

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/runtime/model/uniad"
)

// Net names a network of a model.
type Net string

// The networks, with their inputs and outputs.
const (
	Backbone Net = "backbone" // image [N, 3, H, W], normalised -> features [N, C, h, w]
	Base     Net = "base"     // features [N, C, h, w] -> reconstruction (UniAD only), heatmap [N, 1, S, S]
	Refiner  Net = "refiner"  // x [N, 6, H, W], t [N] (model index from 0) -> eps [N, 3, H, W]
)

// ErrInput is wrapped by errors about the network's name or its inputs.
var ErrInput = errors.New("unusable input")

// Tensor has its values row-major.
type Tensor struct {
	Shape []int
	Data  []float32
}

// Network is loaded for inputs of one shape, ready for one evaluation after the other.
// It is not safe for concurrent use.
type Network struct {
	g      *graph.Graph
	eval   evaluator
	shapes map[string][]int // of the inputs
	images int
}

// Load prepares a network for inputs of the shapes of in on dev, or for the float64
// reference when dev is nil: parameters are on the device and pipelines compiled.
// Errors wrap ErrInput, or those of graph.
func Load(ctx context.Context, dev *gpu.Device, c model.Config, s graph.Store, net Net, in map[string]Tensor) (*Network, error) {
	g, images, err := build(c, net, in)
	if err != nil {
		return nil, err
	}
	if err := g.Err(); err != nil {
		return nil, err
	}
	e, err := newEvaluator(ctx, dev, g, s)
	if err != nil {
		return nil, err
	}
	n := &Network{g, e, map[string][]int{}, images}
	for name := range g.Inputs() {
		n.shapes[name] = slices.Clone(in[name].Shape)
	}
	return n, nil
}

// Run computes the outputs of inputs that have the shapes given to Load, image by
// image. Errors wrap ErrInput, or those of graph.
func (n *Network) Run(ctx context.Context, in map[string]Tensor) (map[string]Tensor, error) {
	for name, shape := range n.shapes {
		if !slices.Equal(in[name].Shape, shape) {
			return nil, fmt.Errorf("forward: %w: %q is %v, loaded for %v", ErrInput, name, in[name].Shape, shape)
		}
	}
	return batch(ctx, n.eval, n.g, in, n.images)
}

// Close frees what the network holds on the device.
func (n *Network) Close() error { return n.eval.close() }

// Run loads a network, computes it once and closes it.
func Run(ctx context.Context, dev *gpu.Device, c model.Config, s graph.Store, net Net, in map[string]Tensor) (map[string]Tensor, error) {
	n, err := Load(ctx, dev, c, s, net, in)
	if err != nil {
		return nil, err
	}
	out, err := n.Run(ctx, in)
	return out, errors.Join(err, n.Close())
}

// build makes the graph for one image and counts the images.
func build(c model.Config, net Net, in map[string]Tensor) (g *graph.Graph, images int, err error) {
	g = graph.New()
	input := func(name string, channels int) graph.Value {
		t, ok := in[name]
		switch {
		case err != nil:
		case !ok:
			err = fmt.Errorf("forward: %w: %s needs %q", ErrInput, net, name)
		case len(t.Shape) != 4 || t.Shape[0] < 1 || t.Shape[1] != channels || t.Shape[2] < 1 || t.Shape[3] < 1:
			err = fmt.Errorf("forward: %w: %q is %v, want [N %d H W]", ErrInput, name, t.Shape, channels)
		default:
			images = t.Shape[0]
			return g.Input(name, kernels.Float(1, t.Shape[2], t.Shape[3], t.Shape[1]))
		}
		return g.Input(name, kernels.Float(1, 1, 1, 4))
	}
	absent := func() error { return fmt.Errorf("forward: %w: the model has no %s", ErrInput, net) }
	switch net {
	case Backbone:
		if c.Backbone == nil {
			return nil, 0, absent()
		}
		x := input("image", 3)
		if err == nil {
			g.Output("features", c.Backbone.Build(g, "backbone.", kernels.F32, x, grid(c)))
		}
	case Base:
		if c.Base == nil {
			return nil, 0, absent()
		}
		f := input("features", c.Base.Channels())
		if err == nil {
			base(g, c, f)
		}
	case Refiner:
		if c.Refiner == nil {
			return nil, 0, absent()
		}
		x := input("x", 6)
		if t, ok := in["t"]; err == nil && (!ok || len(t.Shape) != 1 || t.Shape[0] != images) {
			err = fmt.Errorf("forward: %w: \"t\" is %v, want [%d], one index for each image", ErrInput, t.Shape, images)
		}
		if err == nil {
			g.Output("eps", c.Refiner.Eval(g, kernels.F32, g.Input("t", kernels.Float(1, 1, 1, 1)), x))
		}
	default:
		return nil, 0, fmt.Errorf("forward: %w: network %q, want backbone, base or refiner", ErrInput, net)
	}
	return g, images, err
}

// grid is where the features lie: that of the base, or of UniAD without one.
func grid(c model.Config) [2]int {
	if c.Base != nil {
		return c.Base.FeatureSize()
	}
	return uniad.Default().FeatureSize
}

func base(g *graph.Graph, c model.Config, f graph.Value) {
	if c.Base.Arch != model.UniAD {
		g.Output("heatmap", c.Base.Build(g, kernels.F32, f, c.ImageSize, c.ImageSize))
		return
	}
	rebuilt := c.Base.UniAD.Build(g, uniad.Options{Prefix: "base.", Weights: kernels.F32}, f)
	g.Output("reconstruction", rebuilt)
	g.Output("heatmap", uniad.Heatmap(g, f, rebuilt, c.ImageSize, c.ImageSize))
}

// batch runs the images one by one.
func batch(ctx context.Context, e evaluator, g *graph.Graph, in map[string]Tensor, images int) (map[string]Tensor, error) {
	all := map[string]Tensor{}
	for n := range images {
		one := map[string]*kernels.Array{}
		for name, t := range g.Inputs() {
			a, err := image(in[name], t, n)
			if err != nil {
				return nil, fmt.Errorf("forward: %w: %q: %w", ErrInput, name, err)
			}
			one[name] = a
		}
		out, err := e.run(ctx, one)
		if err != nil {
			return nil, err
		}
		for name, a := range out {
			t := all[name]
			s := a.Shape
			t.Shape = []int{images, s[3], s[1], s[2]}
			t.Data = append(t.Data, planes(a)...)
			all[name] = t
		}
	}
	return all, nil
}

// image takes image n of a tensor and puts its channels innermost.
func image(t Tensor, to kernels.Tensor, n int) (*kernels.Array, error) {
	s, size := to.Shape, to.Shape.Elems()
	if len(t.Data) < (n+1)*size {
		return nil, fmt.Errorf("%v has %d values", t.Shape, len(t.Data))
	}
	a := kernels.NewArray(to)
	for i, v := range t.Data[n*size : (n+1)*size] {
		plane := s[1] * s[2]
		a.Row(i % plane)[i/plane] = float64(v)
	}
	return a, nil
}

// planes puts the channels of one image outermost.
func planes(a *kernels.Array) []float32 {
	s := a.Shape
	out := make([]float32, 0, s.Elems())
	for c := range s[3] {
		for p := range s.Pixels() {
			out = append(out, float32(a.Row(p)[c]))
		}
	}
	return out
}
