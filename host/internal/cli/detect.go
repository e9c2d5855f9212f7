package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drdc-dev/drdc/host/internal/engine"
	"github.com/drdc-dev/drdc/host/internal/job"
	"github.com/drdc-dev/drdc/host/internal/journal"
	"github.com/drdc-dev/drdc/host/internal/outdir"
	"github.com/drdc-dev/drdc/host/internal/walk"
	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/spf13/pflag"
)

// detectFlags are the flags of detect that do not belong to the method.
type detectFlags struct {
	model, out    string
	threshold     string
	save          []string
	resume, fresh bool
	failOnAnomaly bool
	noWorker      bool
	watchdog      time.Duration
	memory, class string
}

// detectReport is what `drdc detect --json` writes.
type detectReport struct {
	Out       string   `json:"out"`
	Images    int      `json:"images"`
	Kept      int      `json:"kept"` // done by an earlier run
	Failed    int      `json:"failed"`
	Anomalous *int     `json:"anomalous"` // null without a threshold
	Threshold *float64 `json:"threshold"`
	Model     string   `json:"model"`
	Adapter   string   `json:"adapter"` // "" when nothing was left to do
	Seconds   float64  `json:"seconds"`
}

func detect() command {
	return command{
		name:    "detect",
		summary: "finds anomalies in images: scores, heatmaps and a page to look at",
		args:    "-m MODEL [-o OUT] PATH...",
		long: `PATH is an image or a folder, which is searched through and through. OUT gets results.jsonl,
results.csv, index.html and, with the paths of the images, heatmaps/, overlays/, masks/ and raw/;
previews/ holds the small pictures of the page, .drdc/ what is needed to go on after a stop.
The settings of the method come from the model; flags override them.

A run that was stopped goes on where it was when it is started again with the same model and
settings, and is tried again where it failed: the maps and pictures are the same bytes as without
the stop. An image that cannot be done gets a row with the error, and the exit code is 2; with
--fail-on-anomaly it is 3 if all images were done and one is anomalous.

Heatmaps and raw maps have the size of the model's map, masks that of the image, overlays that of
the image up to 2048 pixels. A file is named after its image ("good/001.png"); where two images
would share a name, the image's own ending or a digest is added. Links out of a folder are refused.`,
		examples: []string{
			"drdc detect -m model.drdc photos",
			"drdc detect -m model.drdc -o results --save heatmap,raw photos one-more.jpg",
			"drdc detect -m model.drdc --threshold 0.4 --fail-on-anomaly --json photos",
		},
		minArgs: 1, maxArgs: -1,
		uses: usesDevice | usesSeed | usesProfile,
		setup: func(flags *pflag.FlagSet) runFunc {
			var f detectFlags
			f.declare(flags)
			method := engine.DeclareFlags(flags)
			return func(ctx context.Context, env *environment, args []string) error {
				var seed *uint64
				if flags.Changed("seed") {
					seed = &env.seed
				}
				return runDetect(ctx, env, f, method, seed, args)
			}
		},
	}
}

func (f *detectFlags) declare(flags *pflag.FlagSet) {
	flags.StringVarP(&f.model, "model", "m", "", "the model file")
	flags.StringVarP(&f.out, "output", "o", "drdc-results", "the folder for the results")
	flags.StringVar(&f.threshold, "threshold", "auto", "score from which an image is anomalous, or auto: the model's")
	flags.StringSliceVar(&f.save, "save", savable(), "which files to write")
	flags.BoolVar(&f.resume, "resume", true, "go on with a run of the same model and settings")
	flags.BoolVar(&f.fresh, "fresh", false, "remove the results that OUT holds, and begin anew")
	flags.BoolVar(&f.failOnAnomaly, "fail-on-anomaly", false, "exit with 3 if an image is anomalous")
	flags.BoolVar(&f.noWorker, "no-worker", false, "run in this process: a crash of the driver ends the run")
	flags.DurationVar(&f.watchdog, "watchdog", 0, "kill a worker after so long without a sign of life (default 30s on a GPU, 5m on a CPU)")
	flags.StringVar(&f.class, "class", "", "the product in the images: results name it, and a calibrated model's threshold for it counts")
	flags.StringVar(&f.memory, "worker-memory", "", "soft limit of the worker's Go memory, such as 2GiB")
	offer(flags, "threshold", "auto")
	offer(flags, "save", savable()...)
}

// savable lists the kinds of files that --save takes.
func savable() []string {
	var names []string
	for _, k := range worker.Kinds() {
		if !k.Preview {
			names = append(names, k.Name)
		}
	}
	return names
}

// check refuses what contradicts itself, before anything is opened.
func (f *detectFlags) check() error {
	if f.model == "" {
		return usageError("detect needs -m MODEL")
	}
	for _, name := range f.save {
		if !slices.Contains(savable(), name) {
			return usageError("--save %s: want some of %s", name, strings.Join(savable(), ","))
		}
	}
	if f.watchdog < 0 {
		return usageError("--watchdog %v is below 0", f.watchdog)
	}
	if f.memory != "" && !regexp.MustCompile(`^[1-9][0-9]*(B|[KMGT]iB)$`).MatchString(f.memory) {
		return usageError("--worker-memory %q: want a size such as 512MiB or 2GiB", f.memory)
	}
	if f.noWorker && (f.memory != "" || f.watchdog != 0) {
		return usageError("--no-worker has no worker for --worker-memory and --watchdog")
	}
	return nil
}

func runDetect(ctx context.Context, env *environment, f detectFlags, method *engine.Flags, seed *uint64, args []string) error {
	if err := f.check(); err != nil {
		return err
	}
	images, err := walk.Find(args, f.out)
	if err != nil {
		return err
	}
	method.Class = f.class
	spec, err := engine.Plan(f.model, method, seed)
	if err != nil {
		return err
	}
	if len(spec.Variants) > 0 {
		return usageError("detect takes one --rule; 'drdc eval' compares several")
	}
	spec.Device, spec.Save, spec.Profile = env.device, f.save, env.profile != ""
	if f.threshold != "auto" {
		t, err := strconv.ParseFloat(f.threshold, 64)
		if err != nil || t-t != 0 {
			return usageError("--threshold %q is neither a number nor auto", f.threshold)
		}
		spec.Threshold = &t
	}
	if f.threshold == "auto" && spec.Threshold != nil && (method.Changed() || seed != nil) {
		env.warnf("the model's threshold of %.4g belongs to its own settings; with others, scores differ", *spec.Threshold)
	}
	if spec.Threshold == nil {
		if f.failOnAnomaly {
			return usageError("--fail-on-anomaly needs a threshold, and the model has none: give --threshold X, or 'drdc calibrate' the model")
		}
		env.notef("the model has no threshold, so there are scores, but no masks and no verdicts: give --threshold X, or 'drdc calibrate' the model")
	}
	start, err := f.start()
	if err != nil {
		return err
	}
	return runJob(ctx, env, job.Config{
		Title: title(args), Images: images, Out: f.out, Resume: f.resume, Fresh: f.fresh,
		Spec: spec, Start: start, Silence: f.watchdog,
	}, f.failOnAnomaly)
}

// start is how workers are made.
func (f *detectFlags) start() (worker.Start, error) {
	if f.noWorker {
		return worker.InProcess(engine.Open), nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var variables []string
	if f.memory != "" {
		variables = append(variables, "GOMEMLIMIT="+f.memory)
	}
	return worker.Command(self, []string{"worker"}, variables), nil
}

// title names a run after its first argument.
func title(args []string) string {
	first := args[0]
	if abs, err := filepath.Abs(first); err == nil {
		first = abs
	}
	name := strings.ToValidUTF8(filepath.Base(first), "?")
	if len(args) > 1 {
		name += fmt.Sprintf(" and %d more", len(args)-1)
	}
	return name
}

// runJob runs a job, shows its progress and reports what came of it.
func runJob(ctx context.Context, env *environment, c job.Config, failOnAnomaly bool) error {
	began := env.now()
	done := follow(env, &c)
	s, err := job.Run(ctx, c)
	done()
	if err == nil {
		err = writeProfile(env, s)
	}
	if err != nil {
		return explainJob(ctx, err, c, s)
	}
	if err := reportJob(env, c, s, env.now().Sub(began)); err != nil {
		return err
	}
	switch {
	case s.Failed > 0:
		return &exitError{exitSomeFailed, fmt.Errorf("%d of %d images failed; the errors are in %s", s.Failed, s.Total, filepath.Join(c.Out, "results.jsonl"))}
	case failOnAnomaly && s.Anomalous > 0:
		return &exitError{exitAnomalies, fmt.Errorf("%d of %d images are anomalous", s.Anomalous, s.Total)}
	}
	return nil
}

// follow shows the notes and the progress of a job, until the result is called.
func follow(env *environment, c *job.Config) (done func()) {
	began := env.now()
	var bar *progress
	c.Note = func(text string, warning bool) {
		if bar != nil && env.terminal && !env.quiet {
			env.printf("\r%s\r", strings.Repeat(" ", max(0, env.width()-1)))
		}
		if warning {
			env.warnf("%s", text)
		} else {
			env.notef("%s", text)
		}
	}
	c.Progress = func(s job.Summary) {
		if bar == nil {
			bar = newProgress(env, "images", s.Total-s.Kept)
			bar.start = began
		}
		bar.set(s.Done + s.Failed)
	}
	return func() {
		if bar != nil {
			bar.close()
		}
	}
}

// writeProfile writes the file of --profile, if there is one.
func writeProfile(env *environment, s job.Summary) error {
	if s.Profile == nil {
		return nil
	}
	return os.WriteFile(env.profile, append(s.Profile, '\n'), 0o666)
}

// explainJob gives the error of a job its exit code and a way out.
func explainJob(ctx context.Context, err error, c job.Config, s job.Summary) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: %d of %d images are done; the same command goes on from there", err, s.Kept+s.Done, s.Total)
	case errors.Is(err, worker.ErrNoDevice):
		return &exitError{exitNoDevice, err}
	case errors.Is(err, worker.ErrGivenUp):
		return &exitError{exitNoDevice, fmt.Errorf("%w; the same command goes on from there", err)}
	case errors.Is(err, journal.ErrOtherRun), errors.Is(err, job.ErrResults):
		return usageError("%s: %w (--fresh removes them)", c.Out, err)
	case errors.Is(err, outdir.ErrLocked):
		return usageError("%w", err)
	}
	return &exitError{cmp.Or(min(s.Done, 1)*exitSomeFailed, exitUsage), err}
}

func reportJob(env *environment, c job.Config, s job.Summary, spent time.Duration) error {
	if env.json {
		r := detectReport{Out: c.Out, Images: s.Total, Kept: s.Kept, Failed: s.Failed, Threshold: c.Spec.Threshold,
			Model: c.Spec.Digest, Adapter: s.Adapter, Seconds: spent.Seconds()}
		if c.Spec.Threshold != nil {
			r.Anomalous = &s.Anomalous
		}
		return env.printJSON(r)
	}
	line := fmt.Sprintf("%d images", s.Total)
	if s.Total == 1 {
		line = "1 image"
	}
	if s.Kept > 0 {
		line += fmt.Sprintf(" (%d done before)", s.Kept)
	}
	if t := c.Spec.Threshold; t != nil {
		line += fmt.Sprintf(", %d anomalous at a threshold of %.4g", s.Anomalous, *t)
	}
	if s.Failed > 0 {
		line += fmt.Sprintf(", %d failed", s.Failed)
	}
	env.printf("%s, %s\nopen %s\n", line, roughly(spent), filepath.Join(c.Out, "index.html"))
	return nil
}
