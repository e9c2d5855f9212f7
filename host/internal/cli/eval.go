package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/drdc-dev/drdc/host/internal/engine"
	"github.com/drdc-dev/drdc/host/internal/job"
	"github.com/drdc-dev/drdc/host/internal/measure"
	"github.com/drdc-dev/drdc/runtime/dataset"
	"github.com/drdc-dev/drdc/runtime/eval"
	"github.com/spf13/pflag"
)

// evalFlags are the flags of eval that do not belong to the method.
type evalFlags struct {
	model, out      string
	html            string
	data            []string
	limit           int
	bootstrap       int
	ablation        bool
	compat          bool
	fresh, noWorker bool
}

// evalReport is what `drdc eval --json` writes.
type evalReport struct {
	*eval.Report
	Model   string  `json:"model"` // digest
	Adapter string  `json:"adapter"`
	Rule    string  `json:"rule"`
	Seconds float64 `json:"seconds"`
	// Rules are all that were compared, the one of the report first; nil for one.
	Rules []ruleReport `json:"rules,omitempty"`
	// Ablation are the rows, the whole method last, and what they are.
	Ablation      []ablationRow     `json:"ablation,omitempty"`
	AblationNotes []string          `json:"ablation_notes,omitempty"`
	LeftOut       []measure.LeftOut `json:"left_out,omitempty"`
	// Fallbacks are the images that a built-in rule did in place of the plugin.
	Fallbacks int `json:"fallbacks,omitempty"`
}

// ruleReport are the figures of one rule.
type ruleReport struct {
	Rule string `json:"rule"`
	*eval.Report
}

// ablationRow are the figures of one row.
type ablationRow struct {
	engine.Row
	*eval.Report
}

// maxBootstrap bounds --bootstrap: a million AUROCs of a class take minutes.
const maxBootstrap = 1_000_000

func evaluate() command {
	return command{
		name:    "eval",
		summary: "measures a model on a labelled data set",
		args:    "-m MODEL --data DIR...",
		long: `Layouts: MVTec AD, BTAD, VisA (raw and converted), or a folder of such classes. Figures are
exact: AUROC with ties as one half, average precision as a step function, F1 over all thresholds,
AUPRO up to 30% false positives with 8-connected regions; masks are brought to the size of the map
by nearest pixel. The mean over classes is unweighted. A figure without ground truth is null.

An image that cannot be done is left out of all figures and listed, and the exit code is 2. A mask
that cannot be read ends the command before the first image.

Several --rule compare rules on one pass over the images. --ablation does so for the rows of the
paper's Table 5, with three passes of the refiner. --compat adds figures as other toolkits define
them. With -o, rows and raw maps stay in that folder, and the same command goes on where it was
stopped; without it they are in a temporary folder, which is kept only when it is stopped.`,
		examples: []string{
			"drdc eval -m model.drdc --data parts",
			"drdc eval -m model.drdc --data tiles --data cookies --rule base --json",
			"drdc eval -m model.drdc --data parts --rule paper --rule max --rule mine.wasm",
			"drdc eval -m model.drdc --data parts --html evaluation.html",
			"drdc eval -m model.drdc --data parts --ablation --limit 40 -o ablation",
		},
		uses: usesDevice | usesSeed | usesProfile,
		setup: func(flags *pflag.FlagSet) runFunc {
			var f evalFlags
			f.declare(flags)
			method := engine.DeclareFlags(flags)
			return func(ctx context.Context, env *environment, _ []string) error {
				if f.model == "" || len(f.data) == 0 {
					return usageError("eval needs -m MODEL and --data DIR")
				}
				if f.limit < 0 {
					return usageError("--limit %d is below 0", f.limit)
				}
				if f.bootstrap < 0 || f.bootstrap > maxBootstrap {
					return usageError("--bootstrap %d, want 0 to %d", f.bootstrap, maxBootstrap)
				}
				var seed *uint64
				if flags.Changed("seed") {
					seed = &env.seed
				}
				return f.run(ctx, env, method, seed)
			}
		},
	}
}

func (f *evalFlags) declare(flags *pflag.FlagSet) {
	flags.StringVarP(&f.model, "model", "m", "", "the model file")
	flags.StringSliceVar(&f.data, "data", nil, "a class folder, or a folder of classes; can be given again")
	flags.StringVarP(&f.out, "output", "o", "", "keep rows and raw maps in this folder, to go on from after a stop")
	flags.IntVar(&f.limit, "limit", 0, "at most so many images of each class, evenly over its kinds (default: all)")
	flags.BoolVar(&f.ablation, "ablation", false, "the rows of the paper's Table 5")
	flags.BoolVar(&f.compat, "compat", false, "also the figures by the definitions of other toolkits")
	flags.IntVar(&f.bootstrap, "bootstrap", 0, "resamplings behind a 95% interval of the image AUROC, such as 2000 (default: no interval)")
	flags.StringVar(&f.html, "html", "", "write a page with curves, histograms and the worst images to this file")
	flags.BoolVar(&f.fresh, "fresh", false, "remove the results that the folder of -o holds, and begin anew")
	flags.BoolVar(&f.noWorker, "no-worker", false, "run in this process: a crash of the driver ends the run")
}

func (f *evalFlags) run(ctx context.Context, env *environment, method *engine.Flags, seed *uint64) error {
	began := env.now()
	set, err := dataset.Open(f.data...)
	if err != nil {
		return err
	}
	samples, err := set.Test()
	if err != nil {
		return err
	}
	spec, err := engine.Plan(f.model, method, seed)
	if err != nil {
		return err
	}
	var rows []engine.Row
	if f.ablation {
		if spec, rows, err = engine.Ablate(spec); err != nil {
			return usageError("--ablation: %w", err)
		}
	}
	c, err := engine.Configure(f.model, method, seed)
	if err != nil {
		return err
	}
	if method.Changed() || seed != nil {
		c = c.Uncalibrated() // the threshold belongs to the model's own settings
	}
	spec.Threshold = nil // raw maps and scores are all that counts
	config := job.Config{Title: "evaluation of " + title(f.data), Spec: spec, Fresh: f.fresh}
	m, err := measureSamples(ctx, env, config, f.out, f.noWorker, limited(samples, f.limit))
	if err != nil {
		return err
	}
	defer m.discard()
	r, err := f.report(ctx, m.Measurement, rows)
	if err != nil {
		return err
	}
	r.Seconds = env.now().Sub(began).Seconds()
	if f.html != "" {
		if err := writeEvalPage(ctx, f.html, c, f, m.Measurement, r); err != nil {
			return err
		}
	}
	if env.json {
		err = env.printJSON(r)
	} else {
		err = writeEval(env, r)
	}
	if err == nil && f.html != "" {
		env.notef("open %s", f.html)
	}
	if n := len(r.LeftOut); n > 0 && err == nil {
		return &exitError{exitSomeFailed, fmt.Errorf("%d of %d images could not be done and are in no figure", n, m.Summary.Total)}
	}
	return err
}

// report works out all figures that were asked for.
func (f *evalFlags) report(ctx context.Context, m *measure.Measurement, rows []engine.Row) (r evalReport, err error) {
	o := eval.DefaultOptions()
	o.Compat, o.Bootstrap = f.compat, f.bootstrap
	spec := m.Job.Spec
	r = evalReport{Model: spec.Digest, Adapter: m.Adapter(), Rule: spec.Rule, LeftOut: m.LeftOut, Fallbacks: m.Fallbacks()}
	if r.Report, err = m.Report(ctx, 0, o); err != nil {
		return r, err
	}
	names := m.Names()
	reports := []*eval.Report{r.Report}
	for i := range names[1:] {
		v, err := m.Report(ctx, i+1, o)
		if err != nil {
			return r, err
		}
		reports = append(reports, v)
	}
	if rows != nil {
		// The whole method, which the spec is, stands last.
		for i, row := range rows {
			r.Ablation = append(r.Ablation, ablationRow{row, reports[(i+1)%len(reports)]})
		}
		r.AblationNotes = engine.AblationNotes()
		return r, nil
	}
	if len(names) > 1 {
		for i, name := range names {
			r.Rules = append(r.Rules, ruleReport{name, reports[i]})
		}
	}
	return r, nil
}

// limited keeps at most n images of each class, evenly over its list, which is
// sorted by kind; 0 keeps all.
func limited(samples []dataset.Sample, n int) []dataset.Sample {
	if n == 0 {
		return samples
	}
	var kept []dataset.Sample
	for len(samples) > 0 {
		size := 0
		for size < len(samples) && samples[size].Class == samples[0].Class {
			size++
		}
		few := min(n, size)
		for i := range few {
			kept = append(kept, samples[i*size/few])
		}
		samples = samples[size:]
	}
	return kept
}

// measurement is one whose folder may be a temporary one.
type measurement struct {
	*measure.Measurement
	temporary string // "" for a folder of the user's
}

// discard removes a temporary folder. What is left of one is the system's to clear.
func (m measurement) discard() {
	if m.temporary != "" {
		_ = os.RemoveAll(m.temporary)
	}
}

// measureSamples runs a job over samples in the folder out, or a temporary one if
// that is "". When it is stopped, the error says how to go on.
func measureSamples(ctx context.Context, env *environment, c job.Config, out string, inProcess bool, samples []dataset.Sample) (_ measurement, err error) {
	m := measurement{}
	if c.Out = out; out == "" {
		if m.temporary, err = os.MkdirTemp("", "drdc-eval-"); err != nil {
			return m, err
		}
		c.Out = m.temporary
	}
	c.Resume = true
	c.Spec.Device, c.Spec.Profile = env.device, env.profile != ""
	starter := detectFlags{noWorker: inProcess}
	if c.Start, err = starter.start(); err != nil {
		return m, err
	}
	done := follow(env, &c)
	m.Measurement, err = measure.Run(ctx, measure.Config{Job: c, Samples: samples})
	done()
	if err == nil {
		return m, writeProfile(env, m.Summary)
	}
	var s job.Summary
	if m.Measurement != nil {
		s = m.Summary
	}
	err = explainJob(ctx, err, c, s)
	if m.temporary != "" && s.Done > 0 {
		env.printf("what is done is kept: the same command with -o %s goes on from there\n", m.temporary)
		return m, err
	}
	m.discard()
	return m, err
}

func writeEval(env *environment, r evalReport) error {
	w := tabwriter.NewWriter(env.stderr, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "class\timages\timage AUROC\tAP\tF1-max\tpixel AUROC\tAP\tF1-max\tAUPRO\t")
	unknown, disagree := 0, 0
	for _, c := range r.Classes {
		writeMetrics(w, c.Name, fmt.Sprint(c.Images), c.Metrics)
		unknown, disagree = unknown+len(c.Unknown), disagree+len(c.Disagree)
	}
	writeMetrics(w, "mean", "", r.Mean)
	if err := w.Flush(); err != nil {
		return err
	}
	for _, c := range r.Classes {
		if i := c.ImageInterval; i != nil {
			env.printf("%s: image AUROC within %.1f to %.1f, by the chance of which images there are\n", c.Name, 100*i.Lo, 100*i.Hi)
		}
	}
	if err := writeCompat(env, r.Report); err != nil {
		return err
	}
	if err := writeComparison(env, r); err != nil {
		return err
	}
	if unknown > 0 {
		env.notef("%d anomalous images have no pixel truth and are left out of the pixel figures", unknown)
	}
	if disagree > 0 {
		env.notef("%d masks say otherwise than their folder at the size of the map; the folder counts", disagree)
	}
	if r.Fallbacks > 0 {
		env.warnf("%d images were done by the rule paper, because the plugin failed", r.Fallbacks)
	}
	for _, l := range r.LeftOut {
		env.warnf("left out: %s: %s", l.Path, l.Error)
	}
	env.notef("rule %s, %s, model %s", r.Rule, roughly(time.Duration(r.Seconds*float64(time.Second))), r.Model)
	return nil
}

func writeMetrics(w *tabwriter.Writer, name, images string, m eval.Metrics) {
	fmt.Fprintf(w, "%s\t%s", name, images)
	for _, v := range []*float64{m.ImageAUROC, m.ImageAP, m.ImageF1Max, m.PixelAUROC, m.PixelAP, m.PixelF1Max, m.AUPRO} {
		fmt.Fprintf(w, "\t%s", percent(v))
	}
	fmt.Fprintln(w, "\t")
}

// writeCompat shows the figures of other toolkits, if there are any.
func writeCompat(env *environment, r *eval.Report) error {
	if r.MeanCompat == nil {
		return nil
	}
	env.printf("\nas other toolkits define them:\n")
	w := tabwriter.NewWriter(env.stderr, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "class\tAUROC of maximum\tof top 1%\timage AP, trapezoid\tpixel AP, trapezoid\tF1 of 21\tAUPRO of 200\t")
	row := func(name string, c *eval.Compat) {
		fmt.Fprint(w, name)
		for _, v := range []*float64{c.ImageAUROCMax, c.ImageAUROCTop, c.ImageAPTrapezoid, c.PixelAPTrapezoid, c.PixelF1Grid21, c.AUPROGrid200} {
			fmt.Fprintf(w, "\t%s", percent(v))
		}
		fmt.Fprintln(w, "\t")
	}
	for _, c := range r.Classes {
		row(c.Name, c.Compat)
	}
	row("mean", r.MeanCompat)
	return w.Flush()
}

// writeComparison shows the means of the rules or of the rows of the ablation.
func writeComparison(env *environment, r evalReport) error {
	if r.Rules == nil && r.Ablation == nil {
		return nil
	}
	env.printf("\n")
	w := tabwriter.NewWriter(env.stderr, 0, 0, 2, ' ', tabwriter.AlignRight)
	if r.Rules != nil {
		fmt.Fprintln(w, "mean of rule\t\timage AUROC\tAP\tF1-max\tpixel AUROC\tAP\tF1-max\tAUPRO\t")
	} else {
		fmt.Fprintln(w, "mean of ablation\tmodel/test-time/fusion\timage AUROC\tAP\tF1-max\tpixel AUROC\tAP\tF1-max\tAUPRO\t")
	}
	for _, v := range r.Rules {
		writeMetrics(w, shortRule(v.Rule), "", v.Mean)
	}
	for _, v := range r.Ablation {
		writeMetrics(w, v.Name, fmt.Sprintf("%s %s %s", tick(v.Model), tick(v.TestTime), tick(v.Fusion)), v.Mean)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, n := range r.AblationNotes {
		env.notef("- %s", n)
	}
	return nil
}

// shortRule cuts the digest in a plugin's name to what a table has room for.
func shortRule(name string) string {
	const before, digits = " (sha256 ", 8
	if i := strings.LastIndex(name, before); i >= 0 && len(name) > i+len(before)+digits {
		return name[:i+len(before)+digits] + ")"
	}
	return name
}

func tick(on bool) string {
	if on {
		return "+"
	}
	return "-"
}

// percent writes a share of 1, or a dash where there is none.
func percent(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f", 100**v)
}
