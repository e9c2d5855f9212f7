package forward

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/runtime/model/unet"
	"github.com/drdc-dev/drdc/runtime/model/uniad"
	"github.com/drdc-dev/drdc/runtime/train"
)

// StepCost is what training a network costs on a device.
type StepCost struct {
	Network string       `json:"network"` // in words
	Memory  graph.Memory `json:"memory"`
	train.Cost
}

// trainable is a network with its loss, untrained and on random input.
type trainable struct {
	what    string
	prefix  string
	tensors []graph.Source
	loss    func(*graph.Graph) graph.Value
}

// MeasureStep times a training step of a network beside a forward pass of the same
// batch, with the weights that model.Random draws and standard normal input: UniAD as
// Base, a U-Net smaller than the presets as Refiner. passes is the number of each that
// the fastest are of.
func MeasureStep(ctx context.Context, dev *gpu.Device, net Net, passes int) (c StepCost, err error) {
	n, err := newTrainable(net)
	if err != nil {
		return c, err
	}
	c.Network = n.what
	plan, err := train.New(n.loss, graph.DeviceLimits(dev), train.Options{AdamW: train.DefaultAdamW(), EMA: 0.999})
	if err != nil {
		return c, err
	}
	c.Memory = plan.Memory()
	t, err := plan.Load(ctx, dev, n, nil)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	for name, x := range noise(plan.Inputs()) {
		if err := t.Write(name, x.Bytes()); err != nil {
			return c, err
		}
	}
	c.Cost, err = t.Cost(ctx, passes)
	return c, err
}

func newTrainable(net Net) (trainable, error) {
	switch net {
	case Refiner:
		c := unet.Default()
		c.ImageSize, c.ModelChannels, c.ChannelMult, c.AttentionDS, c.NumHeadChannels = 64, 32, []float64{1, 2, 2, 4}, []int{8}, 32
		image := kernels.Float(4, c.ImageSize, c.ImageSize, 3)
		return trainable{"U-Net of 32 channels times 1, 2, 2, 4; 4 images of 64 x 64", "refiner.", c.Tensors(), func(g *graph.Graph) graph.Value {
			eps := c.Build(g, unet.Options{Prefix: "refiner.", Trainable: true},
				g.Input("t", kernels.Float(4, 1, 1, 1)), g.Input("noisy", image), g.Input("condition", image))
			return train.MSE(g, eps, g.Input("noise", image))
		}}, nil
	case Base:
		c := uniad.Default()
		features := kernels.Float(8, c.FeatureSize[0], c.FeatureSize[1], c.InChannels)
		return trainable{"UniAD; 8 images of 14 x 14 x 272 features", "base.", c.Tensors(), func(g *graph.Graph) graph.Value {
			x := g.Input("features", features)
			return train.MSE(g, c.Build(g, uniad.Options{Prefix: "base."}, x), x)
		}}, nil
	}
	return trainable{}, fmt.Errorf("forward: network %q, want %s or %s", net, Base, Refiner)
}

// Float32 implements graph.Store.
func (n trainable) Float32(_ context.Context, name string) ([]float32, []int, error) {
	for _, t := range n.tensors {
		if t.Name == strings.TrimPrefix(name, n.prefix) {
			return model.Random{Seed: 1, Full: true}.Values(t), t.Shape, nil
		}
	}
	return nil, nil, fmt.Errorf("forward: no tensor %q", name)
}
