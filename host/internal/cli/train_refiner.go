package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/drdc-dev/drdc/host/internal/learn"
	"github.com/drdc-dev/drdc/runtime/dataset"
	"github.com/drdc-dev/drdc/runtime/diffusion"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/runtime/train"
	"github.com/drdc-dev/drdc/weights"
	"github.com/spf13/pflag"
)

// refinerFlags are the flags of `drdc train refiner`.
type refinerFlags struct {
	*trainFlags
	flags     *pflag.FlagSet
	config    string
	preset    string
	channels  int
	mult      []float64
	resBlocks int
	attention []int
	heads     int
	cells     []int
	sets      int
	maxStep   int
	fineTune  bool
}

func trainRefiner() trainPart {
	return trainPart{
		name:  "refiner",
		loops: true,
		sized: true,
		long: "the diffusion U-Net, which repaints hidden cells of an image. Images of all classes\n" +
			"are mixed; each time another half of the cells is hidden and another timestep drawn. The\n" +
			"moving average of the weights becomes the model. Hours on a GPU; --minutes bounds it.\n" +
			"--fine-tune goes on from the refiner of -m, with new images or with the same ones.",
		setup: func(flags *pflag.FlagSet, common *trainFlags) func(context.Context, *environment) error {
			f := refinerFlags{trainFlags: common, flags: flags}
			d := diffusion.DefaultTraining()
			flags.StringVar(&f.config, "config", "", "JSON file with the configuration; flags win over it")
			flags.StringVar(&f.preset, "preset", "small", "size of the U-Net: tiny, small, base or adm")
			offer(flags, "preset", "tiny", "small", "base", "adm")
			flags.IntVar(&f.channels, "channels", 0, "model_channels of the U-Net")
			flags.Float64SliceVar(&f.mult, "mult", nil, "channel_mult: `factors` of the channels, for each level")
			flags.Lookup("mult").DefValue = "" // not the "[]" of an empty list
			flags.IntVar(&f.resBlocks, "res-blocks", 0, "num_res_blocks of a level")
			flags.IntSliceVar(&f.attention, "attention", nil, "attention_ds: down-sampling `factors` of the levels with attention")
			flags.IntVar(&f.heads, "head-channels", 0, "num_head_channels of the attention")
			flags.IntSliceVar(&f.cells, "cells", d.Cells, "`sizes` of hidden cells in pixels, one is drawn for each image")
			flags.IntVar(&f.sets, "sets", d.Sets, "sets that the cells are dealt to; one of them is hidden")
			flags.IntVar(&f.maxStep, "t-max", d.MaxStep, "timesteps are drawn up to this one")
			flags.BoolVar(&f.fineTune, "fine-tune", false, "start from the weights of the refiner of -m, whose size --config and flags must not change, in place of drawn ones; so does the moving average")
			return f.run
		},
	}
}

// configure is the configuration of the new model: that of -m or --config with the
// refiner that the flags describe.
func (f *refinerFlags) configure(kept keptParts) (model.Config, error) {
	c := kept.config
	refiner, err := model.DefaultRefiner(f.preset)
	if err != nil {
		return c, usageError("%w", err)
	}
	if f.model == "" {
		c = model.Config{Infer: model.DefaultInfer(), ImageSize: refiner.ImageSize, Classes: []string{}}
	}
	refiner.ImageSize = c.ImageSize
	if f.fineTune && !f.flags.Changed("preset") {
		refiner = *kept.config.Refiner
	}
	if f.config != "" {
		text, err := os.ReadFile(f.config)
		if err != nil {
			return c, err
		}
		given, err := model.Parse(text)
		if err != nil {
			return c, fmt.Errorf("%s: %w", f.config, err)
		}
		if f.model == "" {
			c = given
			c.Backbone, c.Base = nil, nil
			refiner.ImageSize = c.ImageSize
		}
		if c.Infer = given.Infer; given.Refiner != nil {
			refiner = *given.Refiner
		}
	}
	if f.size != 0 {
		refiner.ImageSize = f.size
		if f.model == "" {
			c.ImageSize = f.size
		}
	}
	set := f.flags.Changed
	if set("channels") {
		refiner.ModelChannels = f.channels
	}
	if set("mult") {
		refiner.ChannelMult = f.mult
		if !set("attention") {
			refiner.AttentionDS = slices.DeleteFunc(slices.Clone(refiner.AttentionDS), func(ds int) bool { return ds > 1<<(len(f.mult)-1) })
		}
	}
	if set("res-blocks") {
		refiner.NumResBlocks = f.resBlocks
	}
	if set("attention") {
		refiner.AttentionDS = f.attention
	}
	if set("head-channels") {
		refiner.NumHeadChannels = f.heads
	}
	if f.fineTune {
		if err := sameNetwork(refiner, *kept.config.Refiner); err != nil {
			return c, usageError("--fine-tune: %w in %s", err, f.model)
		}
	}
	c.Refiner = &refiner
	if f.config == "" && f.model == "" {
		fitInference(&c, f.cells)
	}
	if err := c.Validate(); err != nil {
		return c, usageError("%w", err)
	}
	return c, nil
}

// fitInference fits the defaults of the loop, which are for 224 pixels, to the images
// and to the cells that are learned.
func fitInference(c *model.Config, cells []int) {
	in := &c.Infer
	if !slices.Contains(cells, in.Cells[0]) || c.ImageSize%in.Cells[0] != 0 {
		in.Cells = []int{slices.Max(cells)}
	}
	in.Scales = slices.DeleteFunc(slices.Clone(in.Scales), func(s int) bool { return c.ImageSize%s != 0 })
	in.MeanFilter = max(1, in.MeanFilter*c.ImageSize/224) | 1
}

// sameNetwork names what a refiner that is asked for has otherwise than the one that is
// there.
func sameNetwork(asked, there model.Refiner) error {
	var fields [2]map[string]json.RawMessage
	for i, r := range []model.Refiner{asked, there} {
		text, err := json.Marshal(r)
		if err == nil {
			err = json.Unmarshal(text, &fields[i])
		}
		if err != nil {
			return err
		}
	}
	var differ []string
	for _, k := range slices.Sorted(maps.Keys(fields[0])) {
		if a, b := string(fields[0][k]), string(fields[1][k]); a != b {
			differ = append(differ, fmt.Sprintf("%s is %s by flags or --config, %s", k, a, b))
		}
	}
	if len(differ) > 0 {
		return errors.New(strings.Join(differ, "; "))
	}
	return nil
}

// keep reads -m: what stays as it is, and the refiner's tensors for --fine-tune.
func (f *refinerFlags) keep(ctx context.Context) (kept keptParts, start []weights.Named, err error) {
	if !f.fineTune {
		kept, err = keepFile(ctx, f.model, "refiner")
		return kept, nil, err
	}
	if f.model == "" {
		return kept, nil, usageError("--fine-tune needs -m MODEL, the refiner of which goes on learning")
	}
	if kept, err = keepFile(ctx, f.model); err != nil {
		return kept, nil, err
	}
	if start = kept.take("refiner"); len(start) == 0 || kept.config.Refiner == nil {
		return kept, nil, usageError("--fine-tune: %s has no refiner", f.model)
	}
	return kept, start, nil
}

// refinerSettings decide the losses.
type refinerSettings struct {
	Part     string                   `json:"part"`
	FineTune bool                     `json:"fine_tune,omitempty"` // not from which weights: the checkpoint has its own
	Network  model.Refiner            `json:"network"`
	Training diffusion.TrainingConfig `json:"training"`
	loopSettings
}

func (f *refinerFlags) run(ctx context.Context, env *environment) (err error) {
	dtype, err := f.elementType()
	if err != nil {
		return err
	}
	kept, start, err := f.keep(ctx)
	if err != nil {
		return err
	}
	c, err := f.configure(kept)
	if err != nil {
		return err
	}
	schedule, err := c.Refiner.Schedule()
	if err != nil {
		return usageError("%w", err)
	}
	shown := diffusion.TrainingConfig{Cells: f.cells, Sets: f.sets, MaxStep: f.maxStep}
	if err := shown.Validate(c.ImageSize, schedule.Steps()); err != nil {
		return usageError("%w", err)
	}
	set, samples, err := f.open(env)
	if err != nil {
		return err
	}
	images, digest, err := loadImages(ctx, env, samples, c.ImageSize)
	if err != nil {
		return err
	}
	defaults := loopDefaults{epochs: 300, batch: 16, lr: 1e-4, clip: 1, schedule: "constant", average: true}
	plan, err := f.loop.plan(defaults, len(images), env.seed, digest)
	if err != nil {
		return err
	}
	if f.fineTune {
		plan.options.Warmup = false // the weights that the average begins with are not to fade
		if !f.loop.resume {
			env.notef("starts from the refiner of %s: %s parameters", f.model, thousands(c.Refiner.Params()))
		}
	}
	c.Classes, c.Threshold = set.Names(), nil
	dev, err := openDevice(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	r := refinerRun{config: c, schedule: schedule, shown: shown, samples: samples, images: images, loop: plan, seed: env.seed, start: start}
	job, err := r.job(dev)
	if err != nil {
		return err
	}
	part := weights.Part{Arch: model.UNet}
	if job.Meta, err = (keptParts{}).with(model.Config{Refiner: c.Refiner, Infer: c.Infer, ImageSize: c.ImageSize, Classes: c.Classes}, "refiner", part); err != nil {
		return err
	}
	model := ""
	job.Model = func(ctx context.Context, t *train.Trainer) error {
		tensors, err := t.Tensors(ctx, true)
		if err != nil {
			return err
		}
		weights.As(tensors, dtype)
		model, err = kept.write(f.out, c, "refiner", part, tensors)
		return err
	}
	network := fmt.Sprintf("U-Net of %s parameters, images of %d px", thousands(c.Refiner.Params()), c.ImageSize)
	return f.runJob(ctx, env, dev, job, network, &model)
}

// refinerRun is what the steps of a training need.
type refinerRun struct {
	config   model.Config
	schedule *diffusion.Schedule
	shown    diffusion.TrainingConfig
	samples  []dataset.Sample
	images   []*imgio.RGB // of the samples
	loop     loopPlan
	seed     uint64
	start    []weights.Named // nil: drawn
}

// job plans the training on a device.
func (r *refinerRun) job(dev *gpu.Device) (learn.Job, error) {
	size, batch := r.config.ImageSize, r.loop.batch
	training, err := diffusion.NewTraining(r.shown, r.schedule, size, batch)
	if err != nil {
		return learn.Job{}, err
	}
	network := r.config.Refiner.Trainee()
	plan, err := train.New(func(g *graph.Graph) graph.Value {
		b := training.Build(g, network)
		return train.MSE(g, b.Predicted, b.Noise)
	}, graph.DeviceLimits(dev), r.loop.options)
	if err != nil {
		return learn.Job{}, err
	}
	start := r.start
	if start == nil {
		if start, err = untrained(r.config, "refiner", r.seed); err != nil {
			return learn.Job{}, err
		}
	}
	preview, err := r.preview(dev)
	if err != nil {
		return learn.Job{}, err
	}
	order, err := train.NewOrder(len(r.images), r.seed)
	if err != nil {
		return learn.Job{}, err
	}
	return learn.Job{
		Part:     "refiner",
		Settings: refinerSettings{"refiner", r.start != nil, *r.config.Refiner, r.shown, r.loop.settings},
		Plan:     plan, Store: storeOf(start), Pictures: preview.pictures,
		Steps: r.loop.steps, Samples: batch * r.loop.options.Passes, Images: len(r.images),
		Feed: func(t *train.Trainer, pass int) error {
			return r.feed(t, training, order, (t.Steps()*r.loop.options.Passes+pass)*batch)
		},
	}, nil
}

// feed writes the batch that begins with a sample of the run.
func (r *refinerRun) feed(t *train.Trainer, training *diffusion.Training, order *train.Order, first int) error {
	batch := make([]diffusion.TrainingSample, r.loop.batch)
	pixels := r.config.ImageSize * r.config.ImageSize * imgio.Lanes
	values := make([]float32, len(batch)*pixels)
	signed := imgio.Signed()
	for i := range batch {
		batch[i] = training.Draw(diffusion.NewTrainingKey(r.seed, uint64(first+i)))
		if err := signed.Apply(values[i*pixels:(i+1)*pixels], r.images[order.At(first+i)]); err != nil {
			return err
		}
	}
	return training.Write(t.Write, values, batch)
}
