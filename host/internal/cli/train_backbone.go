package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/drdc-dev/drdc/host/internal/learn"
	"github.com/drdc-dev/drdc/runtime/dataset"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/runtime/pretext"
	"github.com/drdc-dev/drdc/runtime/train"
	"github.com/drdc-dev/drdc/weights"
	"github.com/spf13/pflag"
)

// backboneFlags are the flags of `drdc train backbone`.
type backboneFlags struct {
	*trainFlags
	width float64
	taps  []int
}

func trainBackbone() trainPart {
	return trainPart{
		name:  "backbone",
		loops: true,
		sized: true,
		long: "a small MobileNetV2 whose features bank and base work on, where there is no\n" +
			"published one. It learns without labels: pieces of the images are pasted elsewhere, and it\n" +
			"says where, which product it is and how it is turned. A base that the model has is dropped,\n" +
			"because it belongs to the backbone of before.",
		setup: func(flags *pflag.FlagSet, common *trainFlags) func(context.Context, *environment) error {
			f := backboneFlags{trainFlags: common}
			flags.Float64Var(&f.width, "width", 0.5, "factor of the channels")
			flags.IntSliceVar(&f.taps, "taps", []int{2, 5, 9}, "blocks whose outputs are the features; strides 2: 0, 4: 1 and 2, 8: 3 to 5, 16: 6 to 12")
			return f.run
		},
	}
}

// configure is the configuration of the new model: that of -m, with the backbone that
// the flags describe.
func (f *backboneFlags) configure(kept keptParts) (model.Config, error) {
	c := kept.config
	if f.model == "" {
		c = model.Config{Infer: model.DefaultInfer(), ImageSize: f.size}
		if f.size == 0 {
			c.ImageSize = 224
		}
		fitInference(&c, c.Infer.Cells)
	}
	if f.size != 0 && f.size != c.ImageSize {
		return c, usageError("--size %d, the model's images have %d px", f.size, c.ImageSize)
	}
	b := model.DefaultBackbone(model.MobileNetV2)
	b.Width, b.Taps = f.width, f.taps
	c.Backbone, c.Base, c.Threshold = &b, nil, nil
	if err := c.Validate(); err != nil {
		return c, usageError("%w", err)
	}
	if stride := b.Strides(); c.ImageSize%slices.Max(stride) != 0 {
		return c, usageError("images of %d px, want a multiple of the strides of the taps, %v", c.ImageSize, stride)
	}
	return c, nil
}

// backboneSettings decide the losses.
type backboneSettings struct {
	Part    string         `json:"part"`
	Network model.Backbone `json:"network"`
	Size    int            `json:"size"`
	Classes []string       `json:"classes"`
	loopSettings
}

func (f *backboneFlags) run(ctx context.Context, env *environment) (err error) {
	dtype, err := f.elementType()
	if err != nil {
		return err
	}
	kept, err := keepFile(ctx, f.model, "backbone", "base", model.Bank)
	if err != nil {
		return err
	}
	c, err := f.configure(kept)
	if err != nil {
		return err
	}
	set, samples, err := f.open(env)
	if err != nil {
		return err
	}
	images, digest, err := loadImages(ctx, env, samples, c.ImageSize)
	if err != nil {
		return err
	}
	c.Classes = set.Names()
	plan, err := f.loop.plan(loopDefaults{epochs: 100, batch: 32, lr: 2e-3, clip: 1, schedule: "cosine", average: true}, len(images), env.seed, digest)
	if err != nil {
		return err
	}
	dev, err := openDevice(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	r := backboneRun{config: c, samples: samples, images: images, loop: plan, seed: env.seed}
	job, err := r.job(dev)
	if err != nil {
		return err
	}
	part := weights.Part{Arch: c.Backbone.Arch}
	alone := model.Config{Backbone: c.Backbone, Infer: c.Infer, ImageSize: c.ImageSize, Classes: c.Classes}
	if job.Meta, err = (keptParts{}).with(alone, "backbone", part); err != nil {
		return err
	}
	job.Meta.Parts["pretext"] = weights.Part{Arch: "cutpaste"}
	written := ""
	job.Model = func(ctx context.Context, t *train.Trainer) error {
		tensors, err := t.Tensors(ctx, true)
		if err != nil {
			return err
		}
		tensors = slices.DeleteFunc(tensors, func(n weights.Named) bool {
			return !slices.ContainsFunc(c.Backbone.Tensors(), func(s graph.Source) bool { return "backbone."+s.Name == n.Name })
		})
		weights.As(tensors, dtype)
		written, err = kept.write(f.out, c, "backbone", part, tensors)
		return err
	}
	network := fmt.Sprintf("MobileNetV2 of width %g, %s parameters, images of %d px", f.width, thousands(c.Backbone.Params()), c.ImageSize)
	return f.runJob(ctx, env, dev, job, network, &written)
}

// backboneRun is what the steps of a training need.
type backboneRun struct {
	config  model.Config
	samples []dataset.Sample
	images  []*imgio.RGB // of the samples
	loop    loopPlan
	seed    uint64
}

// job plans the training on a device.
func (r *backboneRun) job(dev *gpu.Device) (learn.Job, error) {
	b := *r.config.Backbone
	task := pretext.Config{Size: r.config.ImageSize, Classes: len(r.config.Classes), Channels: b.TapChannels()}
	if err := task.Validate(); err != nil {
		return learn.Job{}, err
	}
	plan, err := train.New(func(g *graph.Graph) graph.Value {
		return task.Loss(g, b.TrainingTaps(g, "backbone.", task.Image(g, r.loop.batch))...)
	}, graph.DeviceLimits(dev), r.loop.options)
	if err != nil {
		return learn.Job{}, err
	}
	order, err := train.NewOrder(len(r.images), r.seed)
	if err != nil {
		return learn.Job{}, err
	}
	batch, passes := task.NewBatch(r.loop.batch, imgio.Standard(b.Mean, b.Std)), r.loop.options.Passes
	return learn.Job{
		Part:     "backbone",
		Settings: backboneSettings{"backbone", b, task.Size, r.config.Classes, r.loop.settings},
		Plan:     plan, Store: r.store(task),
		Steps: r.loop.steps, Samples: r.loop.batch * passes, Images: len(r.images),
		Feed: func(t *train.Trainer, pass int) error {
			first := (t.Steps()*passes + pass) * r.loop.batch
			for i := range r.loop.batch {
				n := order.At(first + i)
				class := slices.Index(r.config.Classes, r.samples[n].Class)
				if err := batch.Set(i, r.images[n], class, r.seed, uint64(first+i)); err != nil {
					return err
				}
			}
			return batch.Write(t.Write)
		},
	}, nil
}

// store has the weights to begin with: a drawn backbone, and heads that answer 0.
func (r *backboneRun) store(task pretext.Config) graph.Values {
	store := graph.Values{}
	random := model.Random{Seed: r.seed}
	put := func(prefix string, s graph.Source, data []float32) {
		v := store[prefix+s.Name]
		v.Shape, v.Data = s.Shape, data
		store[prefix+s.Name] = v
	}
	for _, s := range r.config.Backbone.Tensors() {
		put("backbone.", s, random.Values(s))
	}
	for _, s := range task.Tensors() {
		put(pretext.Prefix, s, make([]float32, len(random.Values(s))))
	}
	return store
}
