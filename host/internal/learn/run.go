package learn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/train"
	"github.com/drdc-dev/drdc/weights"
)

// Run trains until the steps are done, the budget is spent or ctx ends; then the
// checkpoint and the model are written. An error wraps ErrStopped when ctx ended,
// graph.ErrNonFinite, with the layer, when the loss became NaN or infinite (the
// checkpoint is that of before), or ErrCheckpoint.
func Run(ctx context.Context, dev *gpu.Device, job Job, o Options, view View) (result Result, err error) {
	if err := job.validate(o); err != nil {
		return result, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &run{job: job, options: o, view: view, files: FilesOf(o.Output)}
	if r.settings, err = encodeSettings(job.Settings); err != nil {
		return result, err
	}
	if err := r.open(ctx, dev); err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	r.estimate()
	err = r.loop(ctx)
	return r.result(), err
}

// run is a training under way.
type run struct {
	job      Job
	options  Options
	view     View
	files    Files
	settings string
	trainer  *train.Trainer
	losses   *losses
	step     float64 // seconds of one, 0: not known
	pace     pace
	before   float64   // seconds of earlier sittings
	start    time.Time // of this one
	saved    time.Time // last checkpoint, or the last time that writing one failed
	pictures []Picture
	cost     *train.Cost // nil: not measured
}

// open loads the checkpoint, or begins.
func (r *run) open(ctx context.Context, dev *gpu.Device) error {
	r.sweep()
	f, err := weights.Open(r.files.Checkpoint)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if r.options.Resume {
			return fmt.Errorf("learn: no %w to resume from: %s does not exist", ErrCheckpoint, r.files.Checkpoint)
		}
		err = r.begin(ctx, dev)
	case r.options.Fresh:
		if err == nil {
			err = f.Close()
		}
		if err == nil {
			err = r.begin(ctx, dev)
		}
	case err != nil:
		return fmt.Errorf("learn: %w: %w", ErrCheckpoint, err)
	case !r.options.Resume:
		return errors.Join(fmt.Errorf("learn: there is a %w already: %s (resume from it, or ask for a fresh start)", ErrCheckpoint, r.files.Checkpoint), f.Close())
	default:
		if err = compareSettings(f.Header().Provenance[settingsKey], r.settings); err == nil {
			err = r.try(ctx, dev)
		}
		if err == nil {
			r.trainer, err = r.job.Plan.Resume(ctx, dev, f, nil)
		}
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return err
	}
	if r.losses, err = openLosses(r.files.Losses, r.trainer.Steps()); err != nil {
		return errors.Join(err, r.trainer.Close())
	}
	if n := len(r.losses.all); n > 0 {
		r.before = r.losses.all[n-1].Seconds
	}
	if n := r.trainer.Steps(); n > 0 {
		r.view.Note("resumed after step %d", n)
	}
	return nil
}

// begin loads the training for its first step.
func (r *run) begin(ctx context.Context, dev *gpu.Device) error {
	if err := r.try(ctx, dev); err != nil {
		return err
	}
	var err error
	r.trainer, err = r.job.Plan.Load(ctx, dev, r.job.Store, nil)
	return err
}

// sweep removes temporary files that a kill left.
func (r *run) sweep() {
	for _, f := range []string{r.files.Model, r.files.Checkpoint, r.files.Page} {
		folder, base := filepath.Split(f)
		left, err := filepath.Glob(filepath.Join(folder, "."+base+".*.tmp"))
		if err != nil { // a name with brackets: nothing is removed
			continue
		}
		for _, name := range left {
			if err := os.Remove(name); err != nil {
				r.view.Warn("%v", err)
			}
		}
	}
}

func (r *run) close() error {
	return errors.Join(r.losses.file.Close(), r.trainer.Close())
}

func (r *run) loop(ctx context.Context) error {
	now := r.options.Now
	r.start, r.saved = now(), now()
	r.pace = pace{{r.trainer.Steps(), r.start}}
	// A step that has begun is finished, or the weights would be those of no step.
	whole := context.WithoutCancel(ctx)
	for r.trainer.Steps() < r.job.Steps {
		if ctx.Err() != nil {
			return r.stop(ctx)
		}
		if b := r.options.Budget; b > 0 && now().Sub(r.start) >= b {
			break
		}
		done, err := r.trainer.Step(whole, func(pass int) error { return r.job.Feed(r.trainer, pass) })
		if err != nil {
			return fmt.Errorf("%w (%s)", err, r.standing())
		}
		if err := r.losses.add(r.record(done, now())); err != nil {
			// A full disk: the losses in memory are written with the next checkpoint.
			r.view.Warn("%v", err)
		}
		r.pace.add(done.Step, now())
		r.view.Step(r.progress(now()))
		if now().Sub(r.saved) >= r.options.Every && r.trainer.Steps() < r.job.Steps {
			if err := r.save(whole); err != nil {
				r.view.Warn("%v; training goes on, the next attempt is in %v", err, r.options.Every)
			}
			r.saved = now()
		}
	}
	return r.save(whole)
}

// stop saves because ctx ended.
func (r *run) stop(ctx context.Context) error {
	if err := r.save(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("learn: %w after step %d: %w; %w", ErrStopped, r.trainer.Steps(), context.Cause(ctx), err)
	}
	return fmt.Errorf("learn: %w after step %d of %d: %w; %s is saved", ErrStopped, r.trainer.Steps(), r.job.Steps, context.Cause(ctx), r.files.Checkpoint)
}

// standing says what a failed run leaves.
func (r *run) standing() string {
	f, err := os.Stat(r.files.Checkpoint)
	if err != nil {
		return "no checkpoint was written yet"
	}
	return fmt.Sprintf("%s of %s is untouched", r.files.Checkpoint, f.ModTime().Format(time.TimeOnly))
}

func (r *run) record(done train.Result, now time.Time) Record {
	rec := Record{Step: done.Step, Loss: done.Loss, Norm: done.Norm, LR: done.LR, Seconds: r.before + now.Sub(r.start).Seconds()}
	if r.job.Images > 0 {
		rec.Epoch = float64(done.Step) * float64(r.job.Samples) / float64(r.job.Images)
	}
	return rec
}

// save writes losses, checkpoint, model and page, in this order.
func (r *run) save(ctx context.Context) error {
	if err := r.losses.sync(); err != nil {
		return err
	}
	meta := r.job.Meta
	meta.Provenance = maps.Clone(meta.Provenance)
	if meta.Provenance == nil {
		meta.Provenance = map[string]string{}
	}
	meta.Provenance[settingsKey] = r.settings
	if err := r.trainer.Save(ctx, r.files.Checkpoint, meta); err != nil {
		return fmt.Errorf("learn: checkpoint after step %d: %w (%s)", r.trainer.Steps(), err, r.standing())
	}
	if err := r.job.Model(ctx, r.trainer); err != nil {
		return fmt.Errorf("learn: model after step %d: %w", r.trainer.Steps(), err)
	}
	if r.job.Pictures != nil {
		p, err := r.job.Pictures(ctx, r.trainer)
		if err != nil {
			return fmt.Errorf("learn: pictures after step %d: %w", r.trainer.Steps(), err)
		}
		r.pictures = p
	}
	if err := writePage(r.files.Page, r.options.Title, r.settings, r.losses.all, r.pictures, r.cost); err != nil {
		return fmt.Errorf("learn: page after step %d: %w", r.trainer.Steps(), err)
	}
	r.view.Note("saved after step %d: %s", r.trainer.Steps(), r.files.Checkpoint)
	return nil
}

func (r *run) progress(now time.Time) Progress {
	all := r.losses.all
	p := Progress{Record: all[len(all)-1], Steps: r.job.Steps, History: all}
	step := r.pace.secondsPerStep()
	if step <= 0 {
		return p
	}
	p.Rate = float64(r.job.Samples) / step
	p.Left = time.Duration(float64(r.job.Steps-p.Step) * step * float64(time.Second))
	if b := r.options.Budget; b > 0 {
		p.Left = min(p.Left, max(0, b-now.Sub(r.start)))
	}
	return p
}

func (r *run) result() Result {
	s := Result{Steps: r.trainer.Steps(), Loss: r.losses.mean(100), Complete: r.trainer.Steps() >= r.job.Steps}
	if n := len(r.losses.all); n > 0 {
		s.Seconds = r.losses.all[n-1].Seconds
	}
	return s
}

// pace remembers when recent steps ended.
type pace []moment

type moment struct {
	step int
	at   time.Time
}

// paceWindow is how far back the rate looks.
const paceWindow = time.Minute

func (p *pace) add(step int, at time.Time) {
	*p = append(*p, moment{step, at})
	for len(*p) > 2 && at.Sub((*p)[1].at) > paceWindow {
		*p = (*p)[1:]
	}
}

func (p pace) secondsPerStep() float64 {
	first, last := p[0], p[len(p)-1]
	if last.step == first.step {
		return 0
	}
	return last.at.Sub(first.at).Seconds() / float64(last.step-first.step)
}
