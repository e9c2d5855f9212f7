package learn

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/drdc-dev/drdc/runtime/gpu"
)

// trialSteps are made, and thrown away, to see how long a step takes; the first one
// is not counted.
const trialSteps = 3

// try makes the trial where there is a use for it: a profile, or an estimate of a run
// that has no losses yet.
func (r *run) try(ctx context.Context, dev *gpu.Device) error {
	if r.options.Profile == nil && (r.options.Resume || r.job.Steps < 10*trialSteps) {
		return nil
	}
	return r.trial(ctx, dev)
}

// estimate says how long the steps that are left will take, before the first of them:
// from the trial, or from the pace of the sitting before.
func (r *run) estimate() {
	if r.step == 0 {
		r.step = r.losses.pace()
	}
	left := r.job.Steps - r.trainer.Steps()
	if r.step == 0 || left < 10*trialSteps {
		return
	}
	text := fmt.Sprintf("a step takes %s", short(r.step))
	if b := r.options.Budget.Seconds(); b > 0 && b < float64(left)*r.step {
		r.view.Note("%s: about %d of %d steps in the %s given", text, int(math.Round(b/r.step)), left, short(b))
	} else {
		r.view.Note("%s: about %s for %d steps", text, short(float64(left)*r.step), left)
	}
}

// trial times the steps of a second trainer, and profiles one where that is asked for.
func (r *run) trial(ctx context.Context, dev *gpu.Device) (err error) {
	t, err := r.job.Plan.Load(ctx, dev, r.job.Store, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	best := math.Inf(1)
	for i := range trialSteps {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		start := r.options.Now()
		if _, err := t.Step(context.WithoutCancel(ctx), func(pass int) error { return r.job.Feed(t, pass) }); err != nil {
			return err
		}
		if i > 0 {
			best = min(best, r.options.Now().Sub(start).Seconds())
		}
	}
	r.step = best
	if r.options.Profile == nil {
		return nil
	}
	cost, err := t.Cost(ctx, trialSteps-1)
	if err != nil {
		return err
	}
	r.cost = &cost
	return r.options.Profile(cost)
}

// pace is the seconds of a step at the end of the file, 0 when it has too few.
func (l *losses) pace() float64 {
	last := l.all[max(0, len(l.all)-20):]
	if len(last) < 5 {
		return 0
	}
	return (last[len(last)-1].Seconds - last[0].Seconds) / float64(len(last)-1)
}

// short is a duration for people.
func short(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", seconds)
	case d < time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}
