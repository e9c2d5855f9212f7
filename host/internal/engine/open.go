package engine

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/runtime/detect"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/result"
	"github.com/drdc-dev/drdc/weights"
)

// Reference is the device that is none: the executor in plain Go.
const Reference = "reference"

// Open makes the detector of a spec. Its errors wrap worker.ErrNoDevice when
// there is no adapter or the model does not fit on it.
func Open(ctx context.Context, spec worker.Spec, watch worker.Watch) (_ worker.Detector, err error) {
	file, err := weights.Open(spec.Model)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if file.Digest() != spec.Digest {
		return nil, fmt.Errorf("%s has changed: digest %s, was %s", spec.Model, file.Digest(), spec.Digest)
	}
	m, err := detect.FromFile(file)
	if err != nil {
		return nil, err
	}
	var s result.Settings
	if err := json.Unmarshal(spec.Settings, &s); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	d := &detector{close: func() error { return nil }, class: spec.Class}
	if err := d.open(ctx, m, s, spec, watch); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// detector runs the method in a worker.
type detector struct {
	info   worker.Info
	class  string      // of every image; "" when nobody said
	device *gpu.Device // nil for Reference
	method *detect.Detector
	rule   *rule        // nil for a built-in rule
	lineup *lineup      // in place of method and rule for a spec with variants
	close  func() error // of the clock of Reference
	times  []worker.Time
}

func (d *detector) open(ctx context.Context, m detect.Model, s result.Settings, spec worker.Spec, watch worker.Watch) (err error) {
	options := detect.Options{Infer: &s.Infer, NoRefine: !s.Refine, Profile: spec.Profile, Batch: spec.Batch, Progress: progress(watch), Beat: watch.Beat}
	if spec.Plugin != nil && len(spec.Variants) == 0 {
		if d.rule, err = openRule(ctx, *spec.Plugin, s.Infer.Fusion, s.RuleParams); err != nil {
			return err
		}
		options.Rule = d.rule
	}
	if spec.Device == Reference {
		d.info = worker.Info{Adapter: "reference (Go, float64)", Software: true}
		watch.Warn("running in plain Go, which is exact and very slow")
		d.close = beats(watch.Beat)
	} else {
		d.device, err = gpu.Open(ctx, gpu.Options{Device: spec.Device})
		if err != nil {
			return explain(err)
		}
		a := d.device.Adapter()
		d.info = worker.Info{Adapter: fmt.Sprintf("%s (%s, %s)", a.Name, a.Backend, a.Type), Software: a.Type == gpu.CPU}
		watch.Note(fmt.Sprintf("adapter %d: %s", a.Index, d.info.Adapter))
		if w := d.device.Warning(); w != "" {
			watch.Warn(w)
		}
	}
	if len(spec.Variants) > 0 {
		if d.lineup, err = openLineup(ctx, d, m, spec, options); err != nil {
			return explain(err)
		}
		return nil
	}
	d.method, err = detect.Open(ctx, d.device, m, options)
	if err != nil {
		return explain(err)
	}
	if d.device != nil {
		watch.Note("memory: " + d.method.Memory().String())
	}
	return nil
}

// explain adds the worker's sentinels.
func explain(err error) error {
	switch {
	case errors.Is(err, gpu.ErrLost):
		return errors.Join(worker.ErrLost, err)
	case errors.Is(err, gpu.ErrNoAdapter), errors.Is(err, detect.ErrTooLarge):
		return fmt.Errorf("%w: %w", worker.ErrNoDevice, err)
	}
	return err
}

// progress tells of the stages of opening: when one begins, and every few
// seconds. Some run at the same time.
func progress(watch worker.Watch) func(stage string, done, total int) {
	const every = 5 * time.Second
	begun, said := map[string]bool{}, time.Time{}
	return func(stage string, done, total int) {
		watch.Beat()
		switch now := time.Now(); {
		case !begun[stage]:
			begun[stage], said = true, now
			watch.Note(stage)
		case now.Sub(said) >= every:
			said = now
			watch.Note(fmt.Sprintf("%s: %d of %d", stage, done, total))
		}
	}
}

// beats beats by the clock, for an executor whose steps take minutes and cannot
// hang. The result ends it.
func beats(beat func()) func() error {
	ticker, done := time.NewTicker(5*time.Second), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				beat()
			case <-done:
				return
			}
		}
	}()
	return func() error {
		ticker.Stop()
		close(done)
		return nil
	}
}

// Info implements worker.Detector.
func (d *detector) Info() worker.Info { return d.info }

// detection is an image in the detector.
type detection struct {
	of       *detector
	img      *imgio.RGB
	prepared []*detect.Prepared // for the method, or for every pass of the lineup
}

// Prepare implements worker.Detector.
func (d *detector) Prepare(img *imgio.RGB, digest [sha256.Size]byte) (worker.Detection, error) {
	methods := []*detect.Detector{d.method}
	if d.lineup != nil {
		methods = d.lineup.methods()
	}
	x := &detection{of: d, img: img}
	for _, m := range methods {
		p, err := m.Prepare(img, digest)
		if err != nil {
			return nil, err
		}
		x.prepared = append(x.prepared, p)
	}
	return x, nil
}

// Queue implements worker.Detection.
func (d *detection) Queue(ctx context.Context) error {
	for _, p := range d.prepared {
		if err := p.Queue(ctx); err != nil {
			d.Discard()
			return explain(err)
		}
	}
	return nil
}

// Discard implements worker.Detection.
func (d *detection) Discard() {
	for _, p := range d.prepared {
		p.Discard()
	}
}

// Result implements worker.Detection.
func (d *detection) Result(ctx context.Context) (worker.Result, error) {
	of := d.of
	if of.lineup != nil {
		return d.compare(ctx)
	}
	if of.rule != nil {
		of.rule.begin(d.img, of.class)
	}
	r, err := d.prepared[0].Result(ctx)
	if err != nil {
		return worker.Result{}, explain(err)
	}
	of.clock(r.Profile)
	return worker.Result{Heatmap: r.Heatmap, Score: r.Score, Seconds: r.Seconds.Total, Class: of.class, Rule: of.rule.made(), Numbers: of.rule.named()}, nil
}

// compare runs all of a spec with variants.
func (d *detection) compare(ctx context.Context) (worker.Result, error) {
	results, err := d.of.lineup.detect(ctx, d.img, d.prepared)
	if err != nil {
		d.Discard()
		return worker.Result{}, explain(err)
	}
	all := d.of.lineup.fused
	found := worker.Result{Heatmap: all[0].Heatmap, Score: all[0].Score, Class: d.of.class, Variants: slices.Clone(all[1:])}
	for _, r := range results {
		d.of.clock(r.Profile)
		found.Seconds += r.Seconds.Total
	}
	return found, nil
}

// clock adds the times of a profile, which may be nil.
func (d *detector) clock(p *detect.Profile) {
	if p == nil {
		return
	}
	for _, row := range p.Rows {
		d.times = append(d.times, worker.Time{Part: row.Part, Kernel: row.Kernel, Count: row.Count, Seconds: row.Seconds})
	}
}

// Times implements worker.Detector.
func (d *detector) Times() []worker.Time {
	times := d.times
	d.times = nil
	return times
}

// Close implements worker.Detector.
func (d *detector) Close() error {
	errs := []error{d.close()}
	if d.method != nil {
		errs = append(errs, d.method.Close())
	}
	if d.lineup != nil {
		errs = append(errs, d.lineup.close())
	}
	if d.device != nil {
		errs = append(errs, d.device.Close())
	}
	if d.rule != nil {
		errs = append(errs, d.rule.module.Close(context.Background()))
	}
	return errors.Join(errs...)
}
