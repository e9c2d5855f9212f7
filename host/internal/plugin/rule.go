package plugin

import (
	"context"
	"fmt"

	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/wasm/abi"
	"github.com/drdc-dev/drdc/wasm/input"
)

// Failure is what follows when a plugin fails on an image.
type Failure string

const (
	// FailImage makes the plugin's error the image's.
	FailImage Failure = "fail"
	// FallBack uses the built-in rule "paper" and says so in the result.
	FallBack Failure = "builtin"
)

// RuleOptions are the choices of NewRule.
type RuleOptions struct {
	Name    string        // of the file, for results
	Config  fusion.Config // mean filter, and what the weights come from
	Params  []abi.Param   // of --rule-param
	Failure Failure       // "" means FailImage
}

// Rule is a plugin as a fusion.Rule.
type Rule struct {
	plugin   *Plugin
	name     string
	config   fusion.Config
	params   []abi.Param
	fallback fusion.Rule // nil: a failure is the image's
}

// NewRule makes a rule of a plugin, which stays the caller's to close.
func NewRule(p *Plugin, o RuleOptions) (*Rule, error) {
	builtin, err := fusion.New("paper", o.Config)
	if err != nil {
		return nil, err
	}
	r := &Rule{plugin: p, config: o.Config, params: o.Params, name: fmt.Sprintf("%s (sha256 %s)", o.Name, p.Digest())}
	switch o.Failure {
	case "", FailImage:
	case FallBack:
		r.fallback = builtin
	default:
		return nil, fmt.Errorf("plugin: what to do on a failure is %q, want %q or %q", o.Failure, FailImage, FallBack)
	}
	return r, nil
}

// Name holds the file's name and its digest.
func (r *Rule) Name() string { return r.name }

// Outcome is what a rule made of an image, or the built-in rule in its place.
type Outcome struct {
	fusion.Fused
	Numbers map[string]float64 // named by the plugin
	Log     string             // of the plugin, the end of it
	Failed  error              // the plugin's, when the built-in rule took its place
}

// Fuse implements fusion.Rule. It refuses to fall back, because a Fused cannot say so: use FuseImage.
func (r *Rule) Fuse(ctx context.Context, s *fusion.Stack) (*fusion.Fused, error) {
	o, err := r.FuseImage(ctx, s, input.About{})
	if err != nil {
		return nil, err
	}
	if o.Failed != nil {
		return nil, o.Failed
	}
	return &o.Fused, nil
}

// FuseImage runs the plugin on one image, and the built-in rule if that fails and the rule says so. When ctx ends it does not.
func (r *Rule) FuseImage(ctx context.Context, s *fusion.Stack, about input.About) (*Outcome, error) {
	img, err := input.Image(s, r.config, about, r.params)
	if err != nil {
		return nil, fmt.Errorf("plugin: %w", err)
	}
	result, err := r.plugin.Fuse(ctx, img, input.Maps(s))
	if err == nil {
		return &Outcome{
			Fused:   fusion.Fused{Heatmap: result.Heatmap, Score: float64(result.Score)},
			Numbers: result.Numbers, Log: result.Log,
		}, nil
	}
	if r.fallback == nil || ctx.Err() != nil {
		return nil, err
	}
	fused, ferr := r.fallback.Fuse(ctx, s)
	if ferr != nil {
		return nil, fmt.Errorf("%w; and the built-in rule: %w", err, ferr)
	}
	return &Outcome{Fused: *fused, Failed: err}, nil
}
