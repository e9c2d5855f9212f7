//go:build js

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"syscall/js"
	"time"

	"github.com/drdc-dev/drdc/runtime/detect"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/runtime/result"
	"github.com/drdc-dev/drdc/wasm/abi"
	"github.com/drdc-dev/drdc/wasm/sandbox"
	"github.com/drdc-dev/drdc/weights"
)

// maxLosses is how often the device may be lost during one call before the call fails.
const maxLosses = 3

// session is a model on a device.
type session struct {
	running sync.Mutex // held by the call that runs
	cancel  context.CancelFunc

	file  *weights.File
	model detect.Model
	use   use

	device   *gpu.Device   // nil: none, or lost
	params   *graph.Params // the model's weights on it, kept when settings change
	detector *detect.Detector
	on       events // of the call that runs
}

// use is how the model is used.
type use struct {
	settings result.Settings
	stack    bool          // detect also returns the maps
	rule     *sandbox.Rule // a plugin; nil for a built-in rule
}

// same says that a detector for v serves u. Plugins are not compared.
func (u use) same(v use) bool {
	return u.rule == nil && v.rule == nil && reflect.DeepEqual(u.settings, v.settings) && u.stack == v.stack
}

func (u use) close() {
	if u.rule != nil {
		u.rule.Close()
	}
}

// begin starts a call; the result ends it.
func (s *session) begin(on js.Value) (context.Context, func()) {
	s.running.Lock()
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, s.on = cancel, events{on}
	return ctx, func() {
		cancel()
		s.cancel = nil
		s.running.Unlock()
	}
}

// stop has the call that runs fail with the code "stopped".
func (s *session) stop([]js.Value) (any, error) {
	if s.cancel != nil {
		s.cancel()
	}
	return nil, nil
}

func (s *session) close([]js.Value) (any, error) {
	_, end := s.begin(js.Undefined())
	defer end()
	s.use.close()
	return nil, s.free()
}

// open loads a model: source, settings, plugin and events.
func (s *session) open(args []js.Value) (any, error) {
	ctx, end := s.begin(args[3])
	defer end()
	if err := s.free(); err != nil {
		return nil, err
	}
	src := source{args[0]}
	file, err := weights.NewReader(src, src.size())
	if err != nil {
		return nil, err
	}
	m, err := detect.FromFile(file)
	if err != nil {
		return nil, err
	}
	if m.Config.Base == nil && m.Config.Refiner == nil {
		return nil, &foreign{"model", "the model has neither a base nor a refiner: nothing can be detected with it"}
	}
	s.file, s.model = file, m
	return s.apply(ctx, args[1].String(), args[2])
}

// configure lays other settings over the model's: settings, plugin and events. After an
// error what was before is in force.
func (s *session) configure(args []js.Value) (any, error) {
	ctx, end := s.begin(args[2])
	defer end()
	if s.file == nil {
		return nil, errNoModel
	}
	return s.apply(ctx, args[0].String(), args[1])
}

var errNoModel = &foreign{"model", "no model is open"}

// apply makes the detector for settings and a plugin.
func (s *session) apply(ctx context.Context, settings string, plugin js.Value) (any, error) {
	next, err := s.read(ctx, settings, plugin)
	if err != nil {
		return nil, err
	}
	if s.detector != nil && next.same(s.use) {
		return text(s.info())
	}
	if err := s.freeDetector(); err != nil {
		return nil, err
	}
	before := s.use
	s.use = next
	if err := s.survive(ctx, func() error { return nil }); err != nil {
		s.use = before
		next.close()
		return nil, errors.Join(err, s.freeDetector())
	}
	before.close()
	return text(s.info())
}

// read makes sense of settings, JSON over the model's, and of a plugin: null, or its
// name, its bytes and the class Sandbox.
func (s *session) read(ctx context.Context, settings string, plugin js.Value) (use, error) {
	// A copy of its own, because decoding writes into slices that are there.
	c, err := model.Parse(s.file.Config())
	if err != nil {
		return use{}, err
	}
	c.Infer.Rule = c.Rule()
	u := use{settings: result.NewSettings(c, nil)}
	all := struct {
		*result.Settings
		Stack *bool `json:"stack"` // of this program alone
	}{&u.settings, &u.stack}
	d := json.NewDecoder(bytes.NewReader([]byte(settings)))
	d.DisallowUnknownFields()
	if err := d.Decode(&all); err != nil {
		return u, &foreign{"settings", fmt.Sprintf("settings: %v", err)}
	}
	if u.settings.ImageSize != c.ImageSize {
		return u, &foreign{"settings", fmt.Sprintf("settings: image_size %d, the model's is %d", u.settings.ImageSize, c.ImageSize)}
	}
	if c.Infer = u.settings.Infer; !u.settings.Refine {
		c.Refiner = nil
	}
	if err := c.Validate(); err != nil {
		return u, &foreign{"settings", err.Error()}
	}
	if plugin.Type() != js.TypeObject {
		if _, err := fusion.New(u.settings.Rule, u.settings.Fusion); err != nil {
			return u, &foreign{"settings", err.Error()}
		}
		return u, nil
	}
	var params []abi.Param
	for _, text := range u.settings.RuleParams {
		p, err := abi.ParseParam(text)
		if err != nil {
			return u, &foreign{"settings", fmt.Sprintf("rule_params: %v", err)}
		}
		params = append(params, p)
	}
	rule, err := sandbox.Open(ctx, plugin.Get("sandbox"), bytesOf(plugin.Get("bytes")), sandbox.Options{
		Name: plugin.Get("name").String(), Config: u.settings.Fusion, Params: params,
	})
	if err != nil {
		return u, err
	}
	u.rule, u.settings.Rule = rule, rule.Name()
	return u, nil
}

// survive runs work on a detector that is ready. When the device is lost, it opens a
// new one and runs work anew.
func (s *session) survive(ctx context.Context, work func() error) error {
	for losses := 0; ; losses++ {
		err := s.ready(ctx)
		if err == nil {
			err = work()
		}
		// A browser may have no adapter for a moment after it lost one.
		again := errors.Is(err, gpu.ErrLost) || losses > 0 && errors.Is(err, gpu.ErrNoAdapter)
		if !again {
			return err
		}
		if err := s.free(); err != nil && !errors.Is(err, gpu.ErrLost) {
			return err
		}
		if losses == maxLosses {
			return fmt.Errorf("the GPU was lost %d times in a row: %w", losses+1, err)
		}
		s.on.lost(losses + 1)
		select {
		case <-time.After([maxLosses]time.Duration{200 * time.Millisecond, time.Second, 5 * time.Second}[losses]):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ready makes the device and the detector that are not there.
func (s *session) ready(ctx context.Context) (err error) {
	if s.device != nil && s.device.Err() != nil {
		if err := s.free(); err != nil && !errors.Is(err, gpu.ErrLost) {
			return err
		}
	}
	if s.device == nil {
		if s.device, err = gpu.Open(ctx, gpu.Options{Label: "drdc"}); err != nil {
			return err
		}
		s.params = graph.NewParams(s.device)
	}
	if s.detector != nil {
		return nil
	}
	options := detect.Options{
		Infer: &s.use.settings.Infer, NoRefine: !s.use.settings.Refine, Stack: s.use.stack, Params: s.params,
		Watch:    func(p detect.Predicted) { s.on.step(p, s.model.Config.ImageSize) },
		Progress: func(stage string, done, total int) { s.on.progress(stage, done, total) },
	}
	if s.use.rule != nil {
		options.Rule = s.use.rule
	}
	s.detector, err = detect.Open(ctx, s.device, s.model, options)
	return err
}

func (s *session) freeDetector() error {
	d := s.detector
	s.detector = nil
	if d == nil {
		return nil
	}
	return d.Close()
}

// free gives back the device and all on it.
func (s *session) free() error {
	err := s.freeDetector()
	if d := s.device; d != nil {
		err = errors.Join(err, s.params.Close(), d.Close())
		s.device, s.params = nil, nil
	}
	return err
}
