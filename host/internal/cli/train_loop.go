package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/drdc-dev/drdc/host/internal/learn"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/train"
	"github.com/spf13/pflag"
)

// loopFlags are the flags of parts that are trained step by step.
type loopFlags struct {
	epochs, steps   int
	batch, passes   int
	recompute       int
	lr, decay, clip float64
	ema             float64
	schedule        string
	minutes, every  float64
	resume, fresh   bool
	flags           *pflag.FlagSet
	names           []string
}

// loopDefaults are a part's own.
type loopDefaults struct {
	epochs, batch int
	lr, clip      float64
	schedule      string
	average       bool // a moving average becomes the model
}

func (f *loopFlags) declare(flags *pflag.FlagSet) {
	before := flagNames(flags)
	f.flags = flags
	flags.IntVar(&f.epochs, "epochs", 0, "how often all images are seen (default refiner 300, base 1000, backbone 100)")
	flags.IntVar(&f.steps, "steps", 0, "how many steps, in place of --epochs")
	flags.IntVar(&f.batch, "batch", 0, "images seen at once (default refiner 16, base 8, backbone 32)")
	flags.IntVar(&f.passes, "passes", 1, "batches whose gradients make a step")
	flags.IntVar(&f.recompute, "recompute", 0, "cut the network into so many pieces and keep only what passes between them; the rest is computed again on the way back: less memory, more time, the same losses")
	flags.Float64Var(&f.lr, "lr", 0, "learning rate of AdamW (default 1e-4; backbone 2e-3)")
	flags.Float64Var(&f.decay, "weight-decay", 1e-4, "of AdamW")
	flags.Float64Var(&f.clip, "clip", 0, "largest norm of the gradients, 0 for none (default 1; base 0.1)")
	flags.Float64Var(&f.ema, "ema", 0, "share of the old weights in the moving average that becomes the model, 0 for no average (default 0.999, from 50,000 steps 0.9999; base none)")
	flags.StringVar(&f.schedule, "schedule", "", "of the learning rate: constant, cosine (to 0), or step (a tenth after 4/5 of the steps) (default refiner constant, base step, backbone cosine)")
	offer(flags, "schedule", "constant", "cosine", "step")
	flags.Float64Var(&f.minutes, "minutes", 0, "stop after so many minutes, if the steps are not done before")
	flags.Float64Var(&f.every, "checkpoint-minutes", 10, "time between checkpoints")
	flags.BoolVar(&f.resume, "resume", false, "go on from the checkpoint beside the output")
	flags.BoolVar(&f.fresh, "fresh", false, "start anew, although there is a checkpoint")
	for _, n := range flagNames(flags) {
		if !slices.Contains(before, n) {
			f.names = append(f.names, n)
		}
	}
}

func (f *loopFlags) has(name string) bool { return slices.Contains(f.names, name) }

// loopPlan is what the flags come to for a data set.
type loopPlan struct {
	batch, steps int
	options      train.Options
	settings     loopSettings
}

// loopSettings decide the losses of a run, beside the part's own settings.
type loopSettings struct {
	Seed     uint64      `json:"seed"`
	Data     string      `json:"data"` // digest of the images
	Batch    int         `json:"batch"`
	Passes   int         `json:"passes"`
	AdamW    train.AdamW `json:"adamw"`
	EMA      float64     `json:"ema"`
	Schedule string      `json:"schedule"`
	Steps    int         `json:"steps,omitempty"` // where the schedule depends on it
}

// plan fills in what was not given and checks the rest.
func (f *loopFlags) plan(d loopDefaults, images int, seed uint64, data string) (loopPlan, error) {
	p := loopPlan{batch: f.batch}
	if p.batch == 0 {
		p.batch = d.batch
	}
	switch {
	case f.epochs != 0 && f.steps != 0:
		return p, usageError("--epochs and --steps exclude each other")
	case f.epochs < 0 || f.steps < 0:
		return p, usageError("--epochs %d and --steps %d, want 1 or more", f.epochs, f.steps)
	case p.batch < 1 || f.passes < 1:
		return p, usageError("--batch %d and --passes %d, want 1 or more", p.batch, f.passes)
	case f.recompute < 0 || f.recompute > train.MaxRecompute:
		return p, usageError("--recompute %d, want 0 to %d", f.recompute, train.MaxRecompute)
	case !(f.minutes >= 0) || math.IsInf(f.minutes, 0):
		return p, usageError("--minutes %g, want 0 or more", f.minutes)
	case !(f.every > 0) || math.IsInf(f.every, 0):
		return p, usageError("--checkpoint-minutes %g, want more than 0", f.every)
	case f.resume && f.fresh:
		return p, usageError("--resume and --fresh exclude each other")
	}
	samples := p.batch * f.passes
	epochs := f.epochs
	if epochs == 0 {
		epochs = d.epochs
	}
	if p.steps = f.steps; p.steps == 0 {
		p.steps = (epochs*images + samples - 1) / samples
	}
	a := train.DefaultAdamW()
	a.LR, a.Decay, a.Clip = f.lr, f.decay, f.clip
	if !f.flags.Changed("lr") {
		a.LR = d.lr
	}
	if !f.flags.Changed("clip") {
		a.Clip = d.clip
	}
	ema := f.ema
	if !f.flags.Changed("ema") && d.average {
		if ema = 0.999; p.steps >= 50000 {
			ema = 0.9999
		}
	}
	schedule := f.schedule
	if schedule == "" {
		schedule = d.schedule
	}
	p.options = train.Options{AdamW: a, Passes: f.passes, EMA: ema, Warmup: true, Recompute: f.recompute}
	p.settings = loopSettings{Seed: seed, Data: data, Batch: p.batch, Passes: f.passes, AdamW: a, EMA: ema, Schedule: schedule, Steps: p.steps}
	switch schedule {
	case "constant":
		p.settings.Steps = 0
	case "cosine":
		p.options.Schedule = train.Cosine(min(100, p.steps/20), p.steps, 0)
	case "step":
		p.options.Schedule = train.StepDecay(max(1, p.steps*4/5), 0.1)
	default:
		return p, usageError("--schedule %q, want constant, cosine or step", f.schedule)
	}
	return p, nil
}

// runJob trains the job on a device and says what came of it; network describes it for
// people. digest is that of the model once it is written.
func (f *trainFlags) runJob(ctx context.Context, env *environment, dev *gpu.Device, job learn.Job, network string, digest *string) error {
	l, samples := f.loop, float64(job.Steps*job.Samples)
	env.notef("%s; training needs %v on the device", network, job.Plan.Memory())
	env.notef("%s steps of %d images: %.1f epochs of %s images", thousands(job.Steps), job.Samples, samples/float64(job.Images), thousands(job.Images))
	minutes := func(m float64) time.Duration { return time.Duration(m * float64(time.Minute)) }
	o := learn.Options{
		Output: f.out, Resume: l.resume, Fresh: l.fresh, Budget: minutes(l.minutes), Every: minutes(l.every),
		Now: env.now, Title: job.Part + " of " + filepath.Base(f.out),
	}
	if env.profile != "" {
		o.Profile = func(c train.Cost) error { return writeStepProfile(env, dev, job, network, c) }
	}
	view := newLossView(env)
	r, err := learn.Run(ctx, dev, job, o, view)
	view.clear()
	if err != nil {
		return l.explain(err)
	}
	if env.json {
		return env.printJSON(trainedReport{f.out, *digest, r.Steps, r.Complete, r.Loss, r.Seconds})
	}
	env.notef("%s: %s steps in %.0f s, loss %.4g, digest %s", f.out, thousands(r.Steps), r.Seconds, r.Loss, *digest)
	return nil
}

// trainedReport is what `drdc train --json` writes for parts that are trained step by
// step.
type trainedReport struct {
	Model    string  `json:"model"`
	Digest   string  `json:"digest"`
	Steps    int     `json:"steps"`
	Complete bool    `json:"complete"` // false: stopped by --minutes
	Loss     float64 `json:"loss"`     // mean of the last 100 steps
	Seconds  float64 `json:"seconds"`  // of all sittings
}

// writeStepProfile writes what `drdc bench --step` reports to the file of --profile.
func writeStepProfile(env *environment, dev *gpu.Device, job learn.Job, network string, c train.Cost) error {
	a := dev.Adapter()
	r := stepReport{Adapter: fmt.Sprintf("%s (%s, %s)", a.Name, a.Backend, a.Type)}
	r.Network, r.Memory, r.Cost = network, job.Plan.Memory(), c
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(env.profile, append(text, '\n'), 0o666); err != nil {
		return err
	}
	if !env.quiet {
		writeStep(env, r)
	}
	return nil
}

// explain says what to do about an error of the run.
func (f *loopFlags) explain(err error) error {
	switch {
	case errors.Is(err, learn.ErrStopped):
		return fmt.Errorf("%w; go on with the same command and --resume", err)
	case errors.Is(err, learn.ErrCheckpoint) && !f.resume:
		return usageError("%w: --resume or --fresh", err)
	case errors.Is(err, learn.ErrCheckpoint):
		return usageError("%w", err)
	}
	return err
}

// lossView shows a run: a line that is written over on a terminal, with the curve so
// far, and plain lines now and then elsewhere.
type lossView struct {
	env     *environment
	written time.Time
	width   int // runes on the line
}

func newLossView(env *environment) *lossView { return &lossView{env: env, written: env.now()} }

// Step implements learn.View.
func (v *lossView) Step(p learn.Progress) {
	every := lineEvery
	if v.env.terminal {
		every = barEvery
	}
	now := v.env.now()
	if v.env.quiet || now.Sub(v.written) < every && p.Record.Step < p.Steps {
		return
	}
	v.written = now
	text := lossText(p)
	if !v.env.terminal {
		v.env.printf("%s\n", text)
		return
	}
	if room := min(v.env.width()-utf8.RuneCountInString(text)-2, 40); room >= 8 {
		text = sparkline(p.History, room) + " " + text
	}
	n := utf8.RuneCountInString(text)
	v.env.printf("\r%s%s", text, strings.Repeat(" ", max(0, v.width-n)))
	v.width = n
}

// Note implements learn.View.
func (v *lossView) Note(format string, args ...any) {
	v.clear()
	v.env.notef(format, args...)
}

// Warn implements learn.View.
func (v *lossView) Warn(format string, args ...any) {
	v.clear()
	v.env.warnf(format, args...)
}

// clear ends the line on the terminal.
func (v *lossView) clear() {
	if v.width > 0 {
		v.env.printf("\n")
		v.width = 0
	}
}

// lossText is "step 120/5000, epoch 2.3, loss 0.0213, 34.2 images/s, 1h2m left": the
// loss is the mean of the last 50 steps.
func lossText(p learn.Progress) string {
	text := fmt.Sprintf("step %d/%d", p.Record.Step, p.Steps)
	if p.Epoch > 0 {
		text += fmt.Sprintf(", epoch %.1f", p.Epoch)
	}
	last := p.History[max(0, len(p.History)-50):]
	text += fmt.Sprintf(", loss %.4g", meanLoss(last))
	if p.Rate > 0 {
		text += fmt.Sprintf(", %.3g images/s, %s left", p.Rate, roughly(p.Left))
	}
	return text
}

func meanLoss(rs []learn.Record) float64 {
	sum := 0.0
	for _, r := range rs {
		sum += r.Loss
	}
	return sum / float64(max(1, len(rs)))
}

// sparkline draws the losses in n columns of eight heights, on a logarithmic scale.
func sparkline(rs []learn.Record, n int) string {
	n = min(n, len(rs))
	heights := make([]float64, n)
	low, high := math.Inf(1), math.Inf(-1)
	for i := range heights {
		part := rs[i*len(rs)/n : (i+1)*len(rs)/n]
		heights[i] = math.Log(max(meanLoss(part), 1e-30))
		low, high = min(low, heights[i]), max(high, heights[i])
	}
	var b strings.Builder
	for _, h := range heights {
		step := 0
		if high > low {
			step = int(math.Round(7 * (h - low) / (high - low)))
		}
		b.WriteRune([]rune("▁▂▃▄▅▆▇█")[step])
	}
	return b.String()
}
