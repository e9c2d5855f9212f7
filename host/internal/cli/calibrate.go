package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/drdc-dev/drdc/host/internal/engine"
	"github.com/drdc-dev/drdc/host/internal/job"
	"github.com/drdc-dev/drdc/host/internal/measure"
	"github.com/drdc-dev/drdc/runtime/dataset"
	"github.com/drdc-dev/drdc/runtime/eval"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/weights"
	"github.com/spf13/pflag"
)

// calibrateFlags are the flags of calibrate that do not belong to the method.
type calibrateFlags struct {
	model, out  string
	data        []string
	falseAlarms float64
	split       string
	normalize   string
	work        string
	limit       int
	noWorker    bool
}

// calibrateReport is what `drdc calibrate --json` writes.
type calibrateReport struct {
	Model       string             `json:"model"` // file
	Digest      string             `json:"digest"`
	Was         string             `json:"was"` // digest of the model before
	Threshold   float64            `json:"threshold"`
	Calibration *model.Calibration `json:"calibration"`
	Refined     *fusion.Quantiles  `json:"refined_quantiles,omitempty"`
	Base        *fusion.Quantiles  `json:"base_quantiles,omitempty"`
	LeftOut     []measure.LeftOut  `json:"left_out,omitempty"`
	Adapter     string             `json:"adapter"`
	Seconds     float64            `json:"seconds"`
}

// The choices of --split.
const (
	splitAuto     = "auto"
	splitTrain    = "train"
	splitTestGood = "test-good"
)

func calibrate() command {
	return command{
		name:    "calibrate",
		summary: "stores a threshold from the scores of normal images",
		args:    "-m MODEL --data DIR... -o MODEL",
		long: `Scores normal images and stores their statistics, per class and in all, and the threshold that
'drdc detect' then uses: the score just above the k-th smallest of n, k = ceil((n+1)(1-R)) for the
rate of false alarms R. A new normal image like these is beyond it with a probability of at most R,
whatever the distribution; n images cannot promise less than 1/(n+1), and what is promised is
stored with the threshold. No anomalous image is read.

The images should be ones that the model has not learned from: a bank scores its own training
images near 0, and any model scores them too low. --split auto takes test/good of a class that has
it, else its training half, which in a plain folder of good parts is the folder. If the test half is
measured on afterwards, AUROC, AP and AUPRO stay honest, as they know no threshold; false alarms at
a threshold from the same images do not, nor does what --normalize makes of them.

Flags of the method become the model's own settings, as the threshold belongs to them. With
--normalize train_quantile both maps are put on a scale of normal ones, by their median and 99.5%
quantile over all images, before they are added. Tensors stay as they are, bit for bit; the digest
of the model changes, because it covers the configuration.`,
		examples: []string{
			"drdc calibrate -m model.drdc --data parts -o model.drdc",
			"drdc calibrate -m model.drdc --data fresh-good-parts --false-alarms 0.002 -o calibrated.drdc",
			"drdc calibrate -m model.drdc --data parts --normalize train_quantile --alpha 0.5 -o model.drdc",
		},
		uses: usesDevice | usesSeed,
		setup: func(flags *pflag.FlagSet) runFunc {
			var f calibrateFlags
			f.declare(flags)
			method := engine.DeclareFlags(flags)
			return func(ctx context.Context, env *environment, _ []string) error {
				if err := f.check(); err != nil {
					return err
				}
				if flags.Changed("no-refine") {
					return usageError("--no-refine would leave the refiner out of the model: give --rule base")
				}
				var seed *uint64
				if flags.Changed("seed") {
					seed = &env.seed
				}
				return f.run(ctx, env, method, seed, flags.Changed("rule"))
			}
		},
	}
}

func (f *calibrateFlags) declare(flags *pflag.FlagSet) {
	flags.StringVarP(&f.model, "model", "m", "", "the model file")
	flags.StringSliceVar(&f.data, "data", nil, "a class folder, or a folder of classes; can be given again")
	flags.StringVarP(&f.out, "output", "o", "", "the model file to write; it may be that of -m")
	flags.Float64Var(&f.falseAlarms, "false-alarms", 0.01, "share of normal images that may be called anomalous")
	flags.StringVar(&f.split, "split", splitAuto, "which normal images: auto, train or test-good")
	offer(flags, "split", splitAuto, splitTrain, splitTestGood)
	flags.StringVar(&f.normalize, "normalize", "", "none or train_quantile (default: as in the model)")
	offer(flags, "normalize", string(fusion.NormalizeNone), string(fusion.NormalizeTrainQuantile))
	flags.StringVar(&f.work, "work", "", "keep rows and raw maps in this folder, to go on from after a stop")
	flags.IntVar(&f.limit, "limit", 0, "at most so many images of each class (default: all)")
	flags.BoolVar(&f.noWorker, "no-worker", false, "run in this process: a crash of the driver ends the run")
}

func (f *calibrateFlags) check() error {
	switch {
	case f.model == "" || len(f.data) == 0 || f.out == "":
		return usageError("calibrate needs -m MODEL, --data DIR and -o MODEL")
	case !(f.falseAlarms > 0 && f.falseAlarms < 1):
		return usageError("--false-alarms %v, want between 0 and 1", f.falseAlarms)
	case !slices.Contains([]string{splitAuto, splitTrain, splitTestGood}, f.split):
		return usageError("--split %q, want %s, %s or %s", f.split, splitAuto, splitTrain, splitTestGood)
	case f.limit < 0:
		return usageError("--limit %d is below 0", f.limit)
	case !slices.Contains([]string{"", string(fusion.NormalizeNone), string(fusion.NormalizeTrainQuantile)}, f.normalize):
		return usageError("--normalize %q, want %s or %s", f.normalize, fusion.NormalizeNone, fusion.NormalizeTrainQuantile)
	}
	return nil
}

func (f *calibrateFlags) run(ctx context.Context, env *environment, method *engine.Flags, seed *uint64, ruled bool) error {
	began := env.now()
	set, err := dataset.Open(f.data...)
	if err != nil {
		return err
	}
	samples, from, err := normal(set, f.split)
	if err != nil {
		return err
	}
	c, err := engine.Configure(f.model, method, seed)
	if err != nil {
		return err
	}
	if from != testGood && c.Base != nil && c.Base.Arch == model.Bank {
		env.warnf("images of the training half: if the bank has learned from them, their scores are near 0 and the threshold is too low")
	}
	spec, err := engine.Plan(f.model, method, seed)
	if err != nil {
		return err
	}
	if len(spec.Variants) > 0 {
		return usageError("calibrate takes one --rule")
	}
	if ruled && spec.Plugin != nil {
		c.Infer.Rule = filepath.Base(c.Infer.Rule)
	}
	if f.normalize != "" {
		c.Infer.Normalize = fusion.Normalize(f.normalize)
	}
	quantiled := c.Infer.Normalize == fusion.NormalizeTrainQuantile
	var parts []string
	if quantiled {
		if spec, parts, err = engine.Separate(spec, c.Base != nil); err != nil {
			return usageError("--normalize %s: %w", fusion.NormalizeTrainQuantile, err)
		}
	}
	spec.Threshold = nil
	m, err := measureSamples(ctx, env, job.Config{Title: "calibration on " + title(f.data), Spec: spec}, f.work, f.noWorker, limited(samples, f.limit))
	if err != nil {
		return err
	}
	defer m.discard()
	scores := m.Scores
	if quantiled {
		if scores, err = quantiles(ctx, m.Measurement, parts, &c.Infer.Fusion); err != nil {
			return err
		}
	}
	r := calibrateReport{Model: f.out, Was: spec.Digest, LeftOut: m.LeftOut, Adapter: m.Adapter()}
	if r.Calibration, err = f.statistics(scores, from); err != nil {
		return err
	}
	c = c.Calibrated(*r.Calibration)
	r.Threshold, r.Refined, r.Base = *c.Threshold, c.Infer.RefinedQuantiles, c.Infer.BaseQuantiles
	if err := c.Validate(); err != nil {
		return err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if r.Digest, err = weights.Reconfigure(ctx, f.model, f.out, text); err != nil {
		return err
	}
	r.Seconds = env.now().Sub(began).Seconds()
	if env.json {
		err = env.printJSON(r)
	} else {
		err = writeCalibrate(env, r)
	}
	if n := len(r.LeftOut); n > 0 && err == nil {
		return &exitError{exitSomeFailed, fmt.Errorf("%d of %d images could not be done; the model is written without them", n, m.Summary.Total)}
	}
	return err
}

// Which images a calibration has used.
const (
	trainHalf = "train"
	testGood  = "test/good"
)

// normal picks the good images of every class and says which they are.
func normal(set *dataset.Set, split string) (samples []dataset.Sample, from string, err error) {
	used := map[string]bool{}
	for _, c := range set.Classes {
		half := dataset.Train
		if split == splitTestGood || split == splitAuto && c.Count(dataset.Test, false) > 0 {
			half = dataset.Test
		}
		if c.Count(half, false) == 0 {
			return nil, "", fmt.Errorf("%s: class %q has no good images in its %s half", c.Root, c.Name, half)
		}
		used[map[dataset.Split]string{dataset.Train: trainHalf, dataset.Test: testGood}[half]] = true
		for _, s := range c.Samples {
			if s.Split == half && !s.Anomalous {
				samples = append(samples, s)
			}
		}
	}
	return samples, strings.Join(slices.Sorted(maps.Keys(used)), " and "), nil
}

// statistics calibrates every class and all of them together.
func (f *calibrateFlags) statistics(scores func(yield func(class string, score float32)) error, from string) (*model.Calibration, error) {
	byClass := map[string][]float32{}
	var all []float32
	err := scores(func(class string, score float32) {
		byClass[class] = append(byClass[class], score)
		all = append(all, score)
	})
	if err != nil {
		return nil, err
	}
	k := &model.Calibration{FalseAlarms: f.falseAlarms, Images: from, Classes: map[string]eval.Calibration{}}
	for class, s := range byClass {
		if k.Classes[class], err = eval.Calibrate(s, f.falseAlarms); err != nil {
			return nil, fmt.Errorf("class %q: %w", class, err)
		}
	}
	k.All, err = eval.Calibrate(all, f.falseAlarms)
	return k, err
}

// quantiles sets the statistics of both maps in c and returns the scores under them.
// The measurement is of a spec that engine.Separate made of these parts.
func quantiles(ctx context.Context, m *measure.Measurement, parts []string, c *fusion.Config) (func(yield func(class string, score float32)) error, error) {
	for i, name := range parts {
		q, err := m.Quantiles(ctx, i)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if name == engine.BaseMap {
			c.BaseQuantiles = &q
		} else {
			c.RefinedQuantiles = &q
		}
	}
	join := *c
	join.MeanFilter = 1 // the refined map is smoothed already
	name := "paper"
	if len(parts) == 1 && parts[0] == engine.BaseMap {
		name = "base"
	}
	rule, err := fusion.New(name, join)
	if err != nil {
		return nil, err
	}
	return func(yield func(class string, score float32)) error {
		return m.Each(func(path, class string) error {
			s := &fusion.Stack{}
			for i, name := range parts {
				h, err := m.Heatmap(path, i)
				if err != nil {
					return err
				}
				if s.W, s.H = h.W, h.H; name == engine.BaseMap {
					s.Base = h.Val
				} else {
					s.Maps = []fusion.Map{{Scale: 1, Val: h.Val}}
				}
			}
			f, err := rule.Fuse(ctx, s)
			if err != nil {
				return err
			}
			yield(class, float32(f.Score))
			return nil
		})
	}, nil
}

func writeCalibrate(env *environment, r calibrateReport) error {
	w := tabwriter.NewWriter(env.stderr, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "class\timages\tmean\tdeviation\tmedian\t99%\tmax\tthreshold\tfalse alarms\t")
	row := func(name string, c eval.Calibration) {
		fmt.Fprintf(w, "%s\t%d\t%.4g\t%.3g\t%.4g\t%.4g\t%.4g\t%.4g\tat most %.2g%%\t\n",
			name, c.Images, c.Mean, c.Deviation, c.Median, c.Q99, c.Max, c.Threshold, 100*c.FalseAlarms)
	}
	k := r.Calibration
	for _, name := range slices.Sorted(maps.Keys(k.Classes)) {
		row(name, k.Classes[name])
	}
	row("all", k.All)
	if err := w.Flush(); err != nil {
		return err
	}
	if k.All.FalseAlarms > k.FalseAlarms*(1+1e-9) {
		env.notef("%d images promise no less than %.2g%% of false alarms: %.2g%% need %d", k.All.Images, 100*k.All.FalseAlarms,
			100*k.FalseAlarms, int(1/k.FalseAlarms+0.5)-1)
	}
	for _, q := range []struct {
		name  string
		value *fusion.Quantiles
	}{{"refined", r.Refined}, {"base", r.Base}} {
		if q.value != nil {
			env.notef("%s map: median %.4g, 99.5%% %.4g", q.name, q.value.Median, q.value.High)
		}
	}
	for _, l := range r.LeftOut {
		env.warnf("left out: %s: %s", l.Path, l.Error)
	}
	env.printf("%s: threshold %.6g, from %s images; digest %s, was %s\n", r.Model, r.Threshold, k.Images, r.Digest, r.Was)
	return nil
}
