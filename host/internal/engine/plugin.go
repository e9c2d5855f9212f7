package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/drdc-dev/drdc/host/internal/plugin"
	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/wasm/abi"
	"github.com/drdc-dev/drdc/wasm/input"
)

func isPlugin(rule string) bool { return strings.EqualFold(filepath.Ext(rule), ".wasm") }

// checkPlugins refuses flags of plugins that none of the rules can use.
func (f *Flags) checkPlugins(rules []string) error {
	if _, err := parseParams(f.ruleParams); err != nil {
		return err
	}
	if len(f.ruleParams) > 0 && !slices.ContainsFunc(rules, isPlugin) {
		return fmt.Errorf("--rule-param: rule %q is no plugin", rules[0])
	}
	switch {
	case len(rules) == 1 && f.pluginSHA256 != "" && !isPlugin(rules[0]):
		return fmt.Errorf("--plugin-sha256: rule %q is no plugin", rules[0])
	case len(rules) > 1 && f.pluginSHA256 != "":
		return fmt.Errorf("--plugin-sha256: %d rules, want one", len(rules))
	case len(rules) > 1 && f.pluginFailure == string(plugin.FallBack):
		return fmt.Errorf("--plugin-failure %s: with %d rules a plugin that fails fails the image", plugin.FallBack, len(rules))
	}
	return nil
}

// pluginOf returns the name of a rule, with the digest of a plugin's file, and
// the plugin if it is one. It does not look into the module: the worker does.
func (f *Flags) pluginOf(infer model.Infer) (string, *worker.Plugin, error) {
	if !isPlugin(infer.Rule) {
		_, err := fusion.New(infer.Rule, infer.Fusion)
		return infer.Rule, nil, err
	}
	if !f.set.Changed("rule") {
		return "", nil, fmt.Errorf("the model names the plugin %q: give its file with --rule", infer.Rule)
	}
	if p := plugin.Failure(f.pluginFailure); p != plugin.FailImage && p != plugin.FallBack {
		return "", nil, fmt.Errorf("--plugin-failure %q: want %s or %s", f.pluginFailure, plugin.FailImage, plugin.FallBack)
	}
	module, err := plugin.ReadFile(infer.Rule)
	if err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256(module)
	digest := hex.EncodeToString(sum[:])
	if f.pluginSHA256 != "" && !strings.EqualFold(f.pluginSHA256, digest) {
		return "", nil, fmt.Errorf("%s: %w: sha256 %s", infer.Rule, plugin.ErrDigest, digest)
	}
	name := fmt.Sprintf("%s (sha256 %s)", filepath.Base(infer.Rule), digest)
	return name, &worker.Plugin{File: infer.Rule, SHA256: digest, Failure: f.pluginFailure}, nil
}

// rule is a plugin as the fusion rule of a detector.
type rule struct {
	*plugin.Rule
	module  *plugin.Plugin
	about   input.About        // the image in hand
	failed  error              // the plugin's, when the built-in rule took its place
	numbers map[string]float64 // that the plugin named
}

// parseParams reads the values of --rule-param.
func parseParams(texts []string) ([]abi.Param, error) {
	var params []abi.Param
	for _, text := range texts {
		p, err := abi.ParseParam(text)
		if err != nil {
			return nil, fmt.Errorf("--rule-param: %w", err)
		}
		params = append(params, p)
	}
	return params, nil
}

// openRule compiles the plugin of a spec.
func openRule(ctx context.Context, p worker.Plugin, c fusion.Config, texts []string) (*rule, error) {
	params, err := parseParams(texts)
	if err != nil {
		return nil, err
	}
	module, err := plugin.ReadFile(p.File)
	if err != nil {
		return nil, err
	}
	m, err := plugin.Open(ctx, module, plugin.Options{SHA256: p.SHA256})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.File, err)
	}
	r, err := plugin.NewRule(m, plugin.RuleOptions{Name: filepath.Base(p.File), Config: c, Params: params, Failure: plugin.Failure(p.Failure)})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.File, err)
	}
	return &rule{Rule: r, module: m}, nil
}

// begin tells the rule of the next image, and of its product or "".
func (r *rule) begin(img *imgio.RGB, class string) {
	r.about, r.failed, r.numbers = input.About{SourceWidth: img.W, SourceHeight: img.H, Class: class}, nil, nil
}

// Fuse implements fusion.Rule.
func (r *rule) Fuse(ctx context.Context, s *fusion.Stack) (*fusion.Fused, error) {
	o, err := r.FuseImage(ctx, s, r.about)
	if err != nil {
		return nil, err
	}
	r.failed, r.numbers = o.Failed, o.Numbers
	return &o.Fused, nil
}

// named are the numbers of the last image; nil when there are none.
func (r *rule) named() map[string]float64 {
	if r == nil {
		return nil
	}
	return r.numbers
}

// made names what made the result, if not the plugin; else it is "".
func (r *rule) made() string {
	if r == nil || r.failed == nil {
		return ""
	}
	return fmt.Sprintf("paper, in place of %s: %v", r.Name(), r.failed)
}
