package cli

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"

	"github.com/drdc-dev/drdc/host/internal/learn"
	"github.com/drdc-dev/drdc/runtime/dataset"
	"github.com/drdc-dev/drdc/runtime/features"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/runtime/model/uniad"
	"github.com/drdc-dev/drdc/runtime/reconstruct"
	"github.com/drdc-dev/drdc/runtime/train"
	"github.com/drdc-dev/drdc/weights"
	"github.com/spf13/pflag"
)

// baseFlags are the flags of `drdc train base`.
type baseFlags struct {
	*trainFlags
	featureSize, hidden, heads    int
	layers, feedforward, neighbor int
	jitter, dropout               float64
}

func trainBase() trainPart {
	return trainPart{
		name:  "base",
		loops: true,
		long: "the reconstruction transformer (UniAD), which rebuilds the features of a backbone. It\n" +
			"needs a model with one. The features of all images are computed once and kept in\n" +
			"OUT.features, 2 bytes a value; the weights of the last step become the model.",
		setup: func(flags *pflag.FlagSet, common *trainFlags) func(context.Context, *environment) error {
			f, d := baseFlags{trainFlags: common}, uniad.Default()
			flags.IntVar(&f.featureSize, "feature-size", 0, "rows and columns of the features (default: a 16th of the image, at least 8)")
			flags.IntVar(&f.hidden, "hidden", d.HiddenDim, "hidden_dim: channels of a token")
			flags.IntVar(&f.heads, "heads", d.Heads, "of an attention")
			flags.IntVar(&f.layers, "layers", d.EncoderLayers, "of the encoder and of the decoder")
			flags.IntVar(&f.feedforward, "feedforward", 0, "channels between the two layers behind an attention (default 4 times --hidden)")
			flags.IntVar(&f.neighbor, "neighbor", d.NeighborSize[0], "side of the square of places that a token may not look at, odd; 0 for none")
			flags.Float64Var(&f.jitter, "jitter", 20, "noise on the features, in mean lengths of a channel")
			flags.Float64Var(&f.dropout, "dropout", 0.1, "share of values that are dropped")
			return f.run
		},
	}
}

// configure is the model's configuration with the base that the flags describe.
func (f *baseFlags) configure(c model.Config) (model.Config, error) {
	if c.Backbone == nil {
		return c, usageError("%s has no backbone", f.model)
	}
	base := model.DefaultBase(model.UniAD, c.Backbone.Channels())
	u := &base.UniAD
	side := f.featureSize
	if side == 0 {
		side = max(8, c.ImageSize/16)
	}
	u.FeatureSize = [2]int{side, side}
	u.HiddenDim, u.Heads, u.DimFeedforward = f.hidden, f.heads, f.feedforward
	if f.feedforward == 0 {
		u.DimFeedforward = 4 * f.hidden
	}
	u.EncoderLayers, u.DecoderLayers = f.layers, f.layers
	u.NeighborSize = [2]int{f.neighbor, f.neighbor}
	c.Base, c.Threshold = &base, nil
	err := c.Validate()
	if err == nil {
		err = f.task(c).Validate()
	}
	if err != nil {
		return c, usageError("%w", err)
	}
	return c, nil
}

func (f *baseFlags) task(c model.Config) reconstruct.Config {
	return reconstruct.Config{Network: c.Base.UniAD, Jitter: f.jitter, Dropout: f.dropout}
}

// baseSettings decide the losses.
type baseSettings struct {
	Part     string     `json:"part"`
	Network  model.Base `json:"network"`
	Features string     `json:"features"` // digest of backbone, grid and images
	Jitter   float64    `json:"jitter"`
	Dropout  float64    `json:"dropout"`
	loopSettings
}

func (f *baseFlags) run(ctx context.Context, env *environment) (err error) {
	dtype, err := f.elementType()
	if err != nil {
		return err
	}
	if f.model == "" {
		return usageError("train base needs -m MODEL, a model with a backbone")
	}
	kept, err := keepFile(ctx, f.model, "base", model.Bank)
	if err != nil {
		return err
	}
	c, err := f.configure(kept.config)
	if err != nil {
		return err
	}
	set, samples, err := f.open(env)
	if err != nil {
		return err
	}
	c.Classes = set.Names()
	files, err := digestFiles(ctx, samples)
	if err != nil {
		return err
	}
	key, err := kept.featuresKey(c, files)
	if err != nil {
		return err
	}
	plan, err := f.loop.plan(loopDefaults{epochs: 1000, batch: 8, lr: 1e-4, clip: 0.1, schedule: "step"}, len(samples), env.seed, hex.EncodeToString(files[:]))
	if err != nil {
		return err
	}
	dev, err := openDevice(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	r := baseRun{task: f.task(c), images: len(samples), loop: plan, seed: env.seed}
	job, err := r.job(dev)
	if err != nil {
		return err
	}
	job.Settings = baseSettings{"base", *c.Base, hex.EncodeToString(key[:]), f.jitter, f.dropout, plan.settings}
	part := weights.Part{Arch: model.UniAD}
	alone := model.Config{Backbone: c.Backbone, Base: c.Base, Infer: c.Infer, ImageSize: c.ImageSize, Classes: c.Classes}
	if job.Meta, err = (keptParts{}).with(alone, "base", part); err != nil {
		return err
	}
	written := ""
	job.Model = func(ctx context.Context, t *train.Trainer) error {
		tensors, err := t.Tensors(ctx, true)
		if err != nil {
			return err
		}
		weights.As(tensors, dtype)
		written, err = kept.write(f.out, c, "base", part, tensors)
		return err
	}
	if r.cache, err = kept.features(ctx, env, dev, c, strings.TrimSuffix(f.out, ".drdc")+".features", key, samples); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.cache.Close()) }()
	network := fmt.Sprintf("UniAD of %s parameters, %d x %d tokens of %d channels",
		thousands(c.Base.Params()), c.Base.UniAD.FeatureSize[0], c.Base.UniAD.FeatureSize[1], c.Base.UniAD.InChannels)
	return f.runJob(ctx, env, dev, job, network, &written)
}

// digestFiles is that of the files of samples, in their order.
func digestFiles(ctx context.Context, samples []dataset.Sample) (digest [sha256.Size]byte, err error) {
	sum := sha256.New()
	for _, s := range samples {
		if ctx.Err() != nil {
			return digest, context.Cause(ctx)
		}
		data, err := imgio.ReadFile(s.Path, imgio.DefaultLimits())
		if err != nil {
			return digest, err
		}
		one := imgio.Digest(data)
		sum.Write(one[:])
	}
	return [sha256.Size]byte(sum.Sum(nil)), nil
}

// featuresKey names the features of images under the backbone of the kept parts.
func (k keptParts) featuresKey(c model.Config, images [sha256.Size]byte) (key [sha256.Size]byte, err error) {
	text, err := json.Marshal(struct {
		Backbone *model.Backbone
		Size     int
		Grid     [2]int
	}{c.Backbone, c.ImageSize, c.Base.FeatureSize()})
	if err != nil {
		return key, err
	}
	sum := sha256.New()
	sum.Write(images[:])
	sum.Write(text)
	for _, t := range k.tensors {
		if !strings.HasPrefix(t.Name, "backbone.") {
			continue
		}
		fmt.Fprintf(sum, "%q %v", t.Name, t.Shape)
		raw := make([]byte, 0, 4*len(t.Data))
		for _, v := range t.Data {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		sum.Write(raw)
	}
	return [sha256.Size]byte(sum.Sum(nil)), nil
}

// features opens the cache of the samples' features, or computes them.
func (k keptParts) features(ctx context.Context, env *environment, dev *gpu.Device, c model.Config, path string, key [sha256.Size]byte, samples []dataset.Sample) (cache *features.Cache, err error) {
	grid := c.Base.FeatureSize()
	values := grid[0] * grid[1] * c.Backbone.Channels()
	cache, err = features.OpenCache(path, key, len(samples), values)
	if err == nil {
		env.notef("features of %s images are there: %s", thousands(len(samples)), path)
		return cache, nil
	}
	if !errors.Is(err, features.ErrCache) && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	store := graph.Values{}
	for _, t := range k.tensors {
		v := store[t.Name]
		v.Shape, v.Data = t.Shape, t.Data
		store[t.Name] = v
	}
	e, err := features.Open(ctx, dev, c, store, grid, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	env.notef("features of %s images: %s in %s", thousands(len(samples)), bytesText(uint64(2*len(samples)*values)), path)
	bar := newProgress(env, "images", len(samples))
	defer bar.close()
	return features.CreateCache(path, key, len(samples), values, func(i int) ([]float32, error) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		img, err := samples[i].Load(imgio.DefaultLimits())
		if err != nil {
			return nil, err
		}
		rows, err := e.Extract(ctx, img)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", samples[i].Path, err)
		}
		bar.set(i + 1)
		return rows, nil
	})
}

// baseRun is what the steps of a training need.
type baseRun struct {
	task   reconstruct.Config
	images int
	cache  *features.Cache // open before the first step
	loop   loopPlan
	seed   uint64
}

// job plans the training on a device.
func (r *baseRun) job(dev *gpu.Device) (learn.Job, error) {
	n, passes := r.loop.batch, r.loop.options.Passes
	plan, err := train.New(func(g *graph.Graph) graph.Value { return r.task.Loss(g, "base.", n) }, graph.DeviceLimits(dev), r.loop.options)
	if err != nil {
		return learn.Job{}, err
	}
	order, err := train.NewOrder(r.images, r.seed)
	if err != nil {
		return learn.Job{}, err
	}
	u := r.task.Network
	batch, rows := r.task.NewBatch(n), make([]float32, u.FeatureSize[0]*u.FeatureSize[1]*u.InChannels)
	return learn.Job{
		Part: "base", Plan: plan, Store: u.Initial("base.", r.seed),
		Steps: r.loop.steps, Samples: n * passes, Images: r.images,
		Feed: func(t *train.Trainer, pass int) error {
			number := t.Steps()*passes + pass
			for i := range n {
				if err := r.cache.Read(rows, order.At(number*n+i)); err != nil {
					return err
				}
				if err := batch.Set(i, rows); err != nil {
					return err
				}
			}
			return batch.Write(t.Write, r.seed, number)
		},
	}, nil
}
