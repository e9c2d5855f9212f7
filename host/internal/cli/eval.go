package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/drdc-dev/drdc/host/internal/engine"
	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/runtime/dataset"
	"github.com/drdc-dev/drdc/runtime/eval"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/spf13/pflag"
)

// evalReport is what `drdc eval --json` writes.
type evalReport struct {
	*eval.Report
	Model   string  `json:"model"` // digest
	Adapter string  `json:"adapter"`
	Rule    string  `json:"rule"`
	Seconds float64 `json:"seconds"`
}

func evaluate() command {
	return command{
		name:    "eval",
		summary: "measures a model on a labelled data set",
		args:    "-m MODEL --data DIR...",
		long: "Layouts: MVTec AD, BTAD, VisA (raw and converted), or a folder of such classes. Figures are\n" +
			"exact: AUROC with ties as one half, average precision as a step function, F1 over all\n" +
			"thresholds, AUPRO up to 30% false positives with 8-connected regions; masks are brought to\n" +
			"the size of the map by nearest pixel. The mean over classes is unweighted. A figure without\n" +
			"ground truth is null.",
		examples: []string{
			"drdc eval -m model.drdc --data parts",
			"drdc eval -m model.drdc --data tiles --data cookies --rule base --json",
		},
		uses: usesDevice | usesSeed,
		setup: func(flags *pflag.FlagSet) runFunc {
			model := flags.StringP("model", "m", "", "the model file")
			data := flags.StringSlice("data", nil, "a class folder, or a folder of classes; can be given again")
			settings := engine.DeclareFlags(flags)
			return func(ctx context.Context, env *environment, _ []string) error {
				if *model == "" || len(*data) == 0 {
					return usageError("eval needs -m MODEL and --data DIR")
				}
				var seed *uint64
				if flags.Changed("seed") {
					seed = &env.seed
				}
				r, err := measure(ctx, env, *model, *data, settings, seed)
				if err != nil {
					return err
				}
				if env.json {
					return env.printJSON(r)
				}
				return writeEval(env, r)
			}
		},
	}
}

// measure runs the model over the test images of a data set.
func measure(ctx context.Context, env *environment, file string, data []string, f *engine.Flags, seed *uint64) (r evalReport, err error) {
	spec, err := engine.Plan(file, f, seed)
	if err != nil {
		return r, err
	}
	spec.Device = env.device
	set, err := dataset.Open(data...)
	if err != nil {
		return r, err
	}
	samples, err := set.Test()
	if err != nil {
		return r, err
	}
	start := env.now()
	detector, err := engine.Open(ctx, spec, worker.Watch{Beat: func() {}, Note: func(s string) { env.notef("%s", s) }, Warn: func(s string) { env.warnf("%s", s) }})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, detector.Close()) }()
	bar := newProgress(env, "images", len(samples))
	defer bar.close()
	var classes []*eval.Class
	var collector *eval.Collector
	for i, s := range samples {
		if err := evalSample(ctx, detector, s, &collector); err != nil {
			return r, err
		}
		bar.set(i + 1)
		if i+1 == len(samples) || samples[i+1].Class != s.Class {
			c, err := collector.Finish(eval.DefaultOptions())
			if err != nil {
				return r, err
			}
			classes, collector = append(classes, c), nil
		}
	}
	return evalReport{eval.NewReport(classes...), spec.Digest, detector.Info().Adapter, spec.Rule, env.now().Sub(start).Seconds()}, nil
}

// evalSample adds one image to the collector of its class, which it starts when
// there is none.
func evalSample(ctx context.Context, d worker.Detector, s dataset.Sample, c **eval.Collector) error {
	data, err := os.ReadFile(s.Path)
	if err != nil {
		return err
	}
	img, err := imgio.Decode(data, s.Path, imgio.DefaultLimits())
	if err != nil {
		return err
	}
	result, err := d.Detect(ctx, img, imgio.Digest(data))
	if err != nil {
		return fmt.Errorf("%s: %w", s.Path, err)
	}
	h := result.Heatmap
	if *c == nil {
		if *c, err = eval.NewCollector(s.Class, h.W, h.H); err != nil {
			return err
		}
	}
	truth, err := s.Truth(h.W, h.H, imgio.DefaultLimits())
	if err != nil {
		return err
	}
	return (*c).Add(eval.Image{Path: s.Path, Defect: s.Defect, Anomalous: s.Anomalous, Score: float32(result.Score), Map: h.Val, Truth: truth.Labels})
}

func writeEval(env *environment, r evalReport) error {
	w := tabwriter.NewWriter(env.stderr, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "class\timages\timage AUROC\tAP\tF1-max\tpixel AUROC\tAP\tF1-max\tAUPRO\t")
	row := func(name, images string, m eval.Metrics) {
		fmt.Fprintf(w, "%s\t%s", name, images)
		for _, v := range []*float64{m.ImageAUROC, m.ImageAP, m.ImageF1Max, m.PixelAUROC, m.PixelAP, m.PixelF1Max, m.AUPRO} {
			fmt.Fprintf(w, "\t%s", percent(v))
		}
		fmt.Fprintln(w, "\t")
	}
	unknown, disagree := 0, 0
	for _, c := range r.Classes {
		row(c.Name, fmt.Sprint(c.Images), c.Metrics)
		unknown, disagree = unknown+len(c.Unknown), disagree+len(c.Disagree)
	}
	row("mean", "", r.Mean)
	if err := w.Flush(); err != nil {
		return err
	}
	if unknown > 0 {
		env.notef("%d anomalous images have no pixel truth and are left out of the pixel figures", unknown)
	}
	if disagree > 0 {
		env.notef("%d masks say otherwise than their folder at the size of the map; the folder counts", disagree)
	}
	env.notef("rule %s, %.1f s, model %s", r.Rule, r.Seconds, r.Model)
	return nil
}

// percent writes a share of 1, or a dash where there is none.
func percent(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f", 100**v)
}
