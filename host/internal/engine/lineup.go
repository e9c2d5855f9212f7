package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/runtime/detect"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/model"
)

// lineup compares rules and settings on the same images. The refiner runs once for
// each set of settings of the diffusion, a pass; the base runs once.
type lineup struct {
	passes []*pass
	class  string
	fused  []worker.Fused // of the image in hand: that of the spec, then its variants
}

// pass is the detector of some settings of the diffusion. As its rule it gives the
// maps to all entries, and keeps what they make of them.
type pass struct {
	lineup  *lineup
	infer   model.Infer
	method  *detect.Detector
	entries []entry
	base    []float32 // the map, once the first pass has made it
}

// entry is one of the things compared.
type entry struct {
	number   int // in lineup.fused
	settings settings
	rule     fusion.Rule // *rule for a plugin
	grid     [2]int      // of the base's features
}

// openLineup makes the passes of a spec with variants. What it has opened when it
// fails is in the result.
func openLineup(ctx context.Context, d *detector, m detect.Model, spec worker.Spec, options detect.Options) (*lineup, error) {
	all := append([]worker.Variant{{Name: spec.Rule, Settings: spec.Settings, Rule: spec.Rule, Plugin: spec.Plugin}}, spec.Variants...)
	l := &lineup{class: spec.Class, fused: make([]worker.Fused, len(all))}
	for i, v := range all {
		e, err := newEntry(ctx, i, v, m.Config)
		if err != nil {
			return l, fmt.Errorf("%s: %w", v.Name, err)
		}
		l.pass(e.settings).entries = append(l.pass(e.settings).entries, e)
	}
	for i, p := range l.passes {
		if i > 0 {
			m.Config.Base = nil // the first pass has its map
		}
		o := options
		o.Infer, o.NoRefine, o.Rule = &p.infer, !p.entries[0].settings.Refine, p
		var err error
		if p.method, err = detect.Open(ctx, d.device, m, o); err != nil {
			return l, err
		}
	}
	return l, nil
}

// newEntry makes the rule of a variant and checks that the model has what it reads.
func newEntry(ctx context.Context, number int, v worker.Variant, c model.Config) (entry, error) {
	e := entry{number: number}
	if err := json.Unmarshal(v.Settings, &e.settings); err != nil {
		return e, fmt.Errorf("settings: %w", err)
	}
	if c.Base != nil {
		e.grid = c.Base.FeatureSize()
	}
	if v.Plugin != nil {
		r, err := openRule(ctx, *v.Plugin, e.settings.Fusion, e.settings.RuleParams)
		if err != nil {
			return e, err
		}
		e.rule = r
		return e, nil
	}
	b, err := fusion.New(e.settings.Rule, e.settings.Fusion)
	if err != nil {
		return e, err
	}
	e.rule = b
	_, _, err = b.Needs(c.Refiner != nil && e.settings.Refine, c.Base != nil)
	return e, err
}

// pass returns that of some settings, made anew if there is none.
func (l *lineup) pass(s settings) *pass {
	for _, p := range l.passes {
		if reflect.DeepEqual(p.infer.Diffusion, s.Diffusion) {
			return p
		}
	}
	p := &pass{lineup: l, infer: s.Infer}
	l.passes = append(l.passes, p)
	return p
}

// methods are the detectors of the passes.
func (l *lineup) methods() (list []*detect.Detector) {
	for _, p := range l.passes {
		list = append(list, p.method)
	}
	return list
}

// detect does one image, prepared for every pass, and returns the results of the passes.
func (l *lineup) detect(ctx context.Context, img *imgio.RGB, prepared []*detect.Prepared) (results []*detect.Result, err error) {
	var base []float32
	for i, p := range l.passes {
		for _, e := range p.entries {
			if r, ok := e.rule.(*rule); ok {
				r.begin(img, l.class)
			}
		}
		p.base = base
		r, err := prepared[i].Result(ctx)
		if err != nil {
			return nil, err
		}
		base = p.base
		results = append(results, r)
	}
	return results, nil
}

// Name implements fusion.Rule.
func (p *pass) Name() string { return "comparison" }

// Fuse implements fusion.Rule: every entry makes its own of the maps.
func (p *pass) Fuse(ctx context.Context, s *fusion.Stack) (first *fusion.Fused, err error) {
	whole := *s
	if whole.Base == nil {
		whole.Base = p.base
	}
	p.base = whole.Base
	for _, e := range p.entries {
		f, err := e.fuse(ctx, &whole)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.rule.Name(), err)
		}
		p.lineup.fused[e.number] = worker.Fused{Heatmap: &imgio.Heatmap{W: s.W, H: s.H, Val: f.Heatmap}, Score: f.Score}
		if first == nil {
			first = f
		}
	}
	return first, nil
}

// fuse runs the entry's rule on the maps that it may see.
func (e entry) fuse(ctx context.Context, s *fusion.Stack) (*fusion.Fused, error) {
	seen := *s
	if e.settings.OneMap {
		seen.Maps = lastMap(s.Maps)
	}
	if e.settings.BaseScales != nil {
		seen.Base = fusion.MultiScale(s.Base, s.W, s.H, e.grid, e.settings.BaseScales)
	}
	return e.rule.Fuse(ctx, &seen)
}

// lastMap is the one of the last timestep at the finest scale, of the first cell
// size.
func lastMap(maps []fusion.Map) []fusion.Map {
	best := 0
	for i, m := range maps {
		b := maps[best]
		if m.Timestep < b.Timestep || m.Timestep == b.Timestep && m.Cell == b.Cell && m.Scale < b.Scale {
			best = i
		}
	}
	return maps[best : best+1]
}

func (l *lineup) close() error {
	var errs []error
	for _, p := range l.passes {
		if p.method != nil {
			errs = append(errs, p.method.Close())
		}
		for _, e := range p.entries {
			if r, ok := e.rule.(*rule); ok {
				errs = append(errs, r.module.Close(context.Background()))
			}
		}
	}
	return errors.Join(errs...)
}
