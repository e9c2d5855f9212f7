package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/drdc-dev/drdc/runtime/dataset"
	method "github.com/drdc-dev/drdc/runtime/detect"
	"github.com/drdc-dev/drdc/runtime/features"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/runtime/model/bank"
	"github.com/drdc-dev/drdc/weights"
	"github.com/spf13/pflag"
)

// bankFlags are the flags of `drdc train bank`.
type bankFlags struct {
	*trainFlags
	perClass     int
	choice       string
	pool         int
	grid         int
	neighborhood int
	metric       string
}

func trainBank() trainPart {
	return trainPart{
		name: "bank",
		long: "remembers features of the good images of all classes, for the nearest-neighbour\n" +
			"base. It needs a model with a backbone ('drdc convert --backbone FILE') and takes seconds to\n" +
			"minutes.",
		setup: func(flags *pflag.FlagSet, common *trainFlags) func(context.Context, *environment) error {
			f := bankFlags{trainFlags: common}
			d := bank.Default()
			flags.IntVar(&f.perClass, "per-class", 3000, "features remembered of each class")
			flags.StringVar(&f.choice, "coreset", "greedy", "which features: greedy (farthest first) or random")
			offer(flags, "coreset", "greedy", "random")
			flags.IntVar(&f.pool, "pool", 60000, "features of a class that the greedy choice looks at, drawn at random")
			flags.IntVar(&f.grid, "grid", d.FeatureSize[0], "rows and columns of the features")
			flags.IntVar(&f.neighborhood, "neighborhood", d.Neighborhood, "side of the square of places that a feature is the mean of, odd")
			flags.StringVar(&f.metric, "metric", string(d.Metric), "l2 or cosine")
			offer(flags, "metric", string(bank.L2), string(bank.Cosine))
			return f.run
		},
	}
}

func (f *bankFlags) check() error {
	switch {
	case f.model == "":
		return usageError("train bank needs -m MODEL, a model with a backbone")
	case f.choice != "greedy" && f.choice != "random":
		return usageError("--coreset %q, want greedy or random", f.choice)
	case f.perClass < 1:
		return usageError("--per-class %d, want at least 1", f.perClass)
	case f.pool < f.perClass:
		return usageError("--pool %d is below --per-class %d", f.pool, f.perClass)
	}
	return nil
}

func (f *bankFlags) run(ctx context.Context, env *environment) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	dtype, err := f.elementType()
	if err != nil {
		return err
	}
	file, err := weights.Open(f.model)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	m, err := method.FromFile(file)
	if err != nil {
		return fmt.Errorf("%s: %w", f.model, err)
	}
	if m.Config.Backbone == nil {
		return usageError("%s has no backbone", f.model)
	}
	base := model.DefaultBase(model.Bank, m.Config.Backbone.Channels())
	base.Bank.Metric, base.Bank.Neighborhood, base.Bank.FeatureSize = bank.Metric(f.metric), f.neighborhood, [2]int{f.grid, f.grid}
	if err := base.Validate(); err != nil {
		return usageError("%w", err)
	}
	set, samples, err := f.open(env)
	if err != nil {
		return err
	}
	kept, err := keep(ctx, file, "base", model.Bank)
	if err != nil {
		return err
	}
	start := env.now()
	rows, err := f.remember(ctx, env, m, base, samples)
	if err != nil {
		return err
	}
	base.Bank.Size = len(rows) / base.Bank.InChannels
	digest, err := f.write(kept, base, rows, set, dtype)
	if err != nil {
		return err
	}
	seconds := env.now().Sub(start).Seconds()
	if env.json {
		return env.printJSON(struct {
			Model    string  `json:"model"`
			Digest   string  `json:"digest"`
			Classes  int     `json:"classes"`
			Images   int     `json:"images"`
			Features int     `json:"features"`
			Seconds  float64 `json:"seconds"`
		}{f.out, digest, len(set.Classes), len(samples), base.Bank.Size, seconds})
	}
	env.notef("%s: %s features of %s images, %d classes, %.1f s, digest %s", f.out, thousands(base.Bank.Size), thousands(len(samples)), len(set.Classes), seconds, digest)
	return nil
}

// remember runs the backbone over the images, class by class, and chooses the
// features that stay.
func (f *bankFlags) remember(ctx context.Context, env *environment, m method.Model, base model.Base, samples []dataset.Sample) (rows []float32, err error) {
	dev, err := openDevice(ctx, env)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	e, err := features.Open(ctx, dev, m.Config, m.Store, base.Bank.FeatureSize, base.Bank.Neighborhood)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	bar := newProgress(env, "images", len(samples))
	defer bar.close()
	done := 0
	for len(samples) > 0 {
		class := samples[0].Class
		n := 0
		for n < len(samples) && samples[n].Class == class {
			n++
		}
		all, err := f.extract(ctx, env, e, samples[:n], func() { done++; bar.set(done) })
		if err != nil {
			return nil, err
		}
		kept, err := f.choose(ctx, all, base.Bank.InChannels, env.seed)
		if err != nil {
			return nil, err
		}
		rows, samples = append(rows, kept...), samples[n:]
	}
	return rows, nil
}

// extract returns the features of the images of a class, thinned while they come
// so that no more than twice the pool is held.
func (f *bankFlags) extract(ctx context.Context, env *environment, e *features.Extractor, samples []dataset.Sample, done func()) ([]float32, error) {
	share := max(1, 2*f.pool/len(samples)) // features kept of an image
	var all []float32
	for i, s := range samples {
		img, err := s.Load(imgio.DefaultLimits())
		if err != nil {
			return nil, err
		}
		rows, err := e.Extract(ctx, img)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Path, err)
		}
		all = append(all, bank.Collect(rows, e.Channels(), share, env.seed+uint64(i))...)
		done()
	}
	return all, nil
}

func (f *bankFlags) choose(ctx context.Context, all []float32, channels int, seed uint64) ([]float32, error) {
	if f.choice == "random" {
		return bank.Collect(all, channels, f.perClass, seed), nil
	}
	return bank.Coreset(ctx, bank.Collect(all, channels, f.pool, seed), channels, f.perClass, seed, nil)
}

// write stores the model with the bank in place of its base.
func (f *bankFlags) write(kept keptParts, base model.Base, rows []float32, set *dataset.Set, d weights.DType) (digest string, err error) {
	memory := []weights.Named{{Name: "bank.features", Shape: []int{base.Bank.Size, base.Bank.InChannels}, Data: rows}}
	weights.As(memory, d)
	c := kept.config
	c.Base, c.Classes = &base, set.Names()
	return kept.write(f.out, c, model.Bank, weights.Part{Arch: model.Bank}, memory)
}
