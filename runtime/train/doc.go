// Package train learns the weights of a network on a device: losses, AdamW with
// schedules, clipping and a moving average, gradients added up over several passes,
// and checkpoints from which a run goes on bit for bit.
//
// A network is a function that builds its loss in a graph. New plans the passes,
// and says what memory they need before any is allocated; Load allocates; Step
// trains. Parameters live on the device and are updated there. Randomness belongs to
// the caller, who makes it from the number of the step, so that a resumed run draws
// the same; an Order says which image a sample reads.
//
// It may import kernels, runtime/gpu, runtime/graph and weights; it knows no network
// and reads no images.
//
//	plan, err := train.New(func(g *graph.Graph) graph.Value {
//		x := g.Input("x", kernels.Float(8, 14, 14, 272))
//		return train.MSE(g, config.Build(g, uniad.Options{Prefix: "base."}, x), x)
//	}, graph.DeviceLimits(dev), train.Options{AdamW: train.DefaultAdamW()})
//	t, err := plan.Load(ctx, dev, store, nil)
//	for t.Steps() < 1000 {
//		done, err := t.Step(ctx, func(int) error { return t.Write("x", batch(t.Steps())) })
//	}
//	err = t.Save(ctx, "base.checkpoint.drdc", meta)
package train
