package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/drdc-dev/drdc/host/internal/plugin"
	"github.com/drdc-dev/drdc/runtime/diffusion"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/spf13/pflag"
)

// Flags are the flags of the method. Those that are not given leave the model's
// own settings.
type Flags struct {
	// Class is the product in the images, of which a calibrated model may have a
	// threshold; "" when it is not known.
	Class string

	set                         *pflag.FlagSet
	timesteps, sampler, init    string
	alpha                       float64
	cells, scales               []int
	sets, meanFilter            int
	noRefine                    bool
	batch                       int
	pluginSHA256, pluginFailure string
	rules, ruleParams           []string
}

// DeclareFlags adds the flags of the method to a command.
func DeclareFlags(set *pflag.FlagSet) *Flags {
	f := &Flags{set: set}
	set.StringArrayVar(&f.rules, "rule", nil, "fusion rule: "+strings.Join(fusion.Names(), ", ")+", or a plugin, FILE.wasm")
	set.StringVar(&f.pluginSHA256, "plugin-sha256", "", "the digest that the plugin must have")
	set.StringVar(&f.pluginFailure, "plugin-failure", string(plugin.FailImage), "when the plugin fails on an image: fail, or builtin for the rule paper")
	set.StringArrayVar(&f.ruleParams, "rule-param", nil, "key=value for the plugin; may be given many times")
	set.Float64Var(&f.alpha, "alpha", 0, "weight of the refined map against the base map, 0 to 1")
	set.StringVar(&f.timesteps, "timesteps", "", "START:STEP, such as 250:25, or a descending list")
	set.IntSliceVar(&f.cells, "cells", nil, "sizes of the hidden cells, in pixels")
	set.IntVar(&f.sets, "sets", 0, "number of sets that the cells are dealt to")
	set.IntSliceVar(&f.scales, "scales", nil, "factors by which images are shrunk to be compared")
	set.IntVar(&f.meanFilter, "mean-filter", 0, "size of the mean filter, in pixels, odd")
	set.StringVar(&f.sampler, "sampler", "", "ddim or parallel")
	set.StringVar(&f.init, "init", "", "noised_original or noised_condition")
	set.BoolVar(&f.noRefine, "no-refine", false, "leave the refiner out: the base's map alone, quick")
	set.IntVar(&f.batch, "batch", 0, "the most samples of an image on the device at once (default: as many as fit)")
	for name, values := range map[string][]string{
		"rule":           fusion.Names(),
		"plugin-failure": {string(plugin.FailImage), string(plugin.FallBack)},
		"sampler":        {string(diffusion.DDIM), string(diffusion.Parallel)},
		"init":           {string(diffusion.NoisedOriginal), string(diffusion.NoisedCondition)},
	} {
		if err := set.SetAnnotation(name, "values", values); err != nil {
			panic(err) // the flag was not declared: a mistake in this function
		}
	}
	return f
}

// Changed says whether a flag changes the settings of the model, and so the scores.
func (f *Flags) Changed() bool {
	return slices.ContainsFunc(
		[]string{"rule", "rule-param", "alpha", "timesteps", "cells", "sets", "scales", "mean-filter", "sampler", "init", "no-refine"}, f.set.Changed)
}

// over lays the flags that were given over a model's configuration.
func (f *Flags) over(c model.Config) (model.Config, error) {
	steps, err := f.steps()
	if err != nil {
		return c, err
	}
	if f.set.Changed("batch") && f.batch < 1 {
		return c, fmt.Errorf("--batch %d, want 1 or more", f.batch)
	}
	for name, set := range map[string]func(){
		"rule":        func() { c.Infer.Rule = f.rules[0] },
		"alpha":       func() { c.Infer.Alpha = f.alpha },
		"timesteps":   func() { c.Infer.Timesteps = steps },
		"cells":       func() { c.Infer.Cells = f.cells },
		"sets":        func() { c.Infer.Sets = f.sets },
		"scales":      func() { c.Infer.Scales = f.scales },
		"mean-filter": func() { c.Infer.MeanFilter = f.meanFilter },
		"sampler":     func() { c.Infer.Sampler = diffusion.Sampler(f.sampler) },
		"init":        func() { c.Infer.Init = diffusion.Init(f.init) },
	} {
		if f.set.Changed(name) {
			set()
		}
	}
	if f.noRefine {
		if c.Base == nil {
			return c, fmt.Errorf("--no-refine leaves nothing: the model has no base")
		}
		c.Refiner = nil
	}
	return c, nil
}

// steps reads --timesteps: "250:25" is 250, 225, ... 25.
func (f *Flags) steps() ([]int, error) {
	if f.timesteps == "" {
		return nil, nil
	}
	start, step, ranged := strings.Cut(f.timesteps, ":")
	if ranged {
		from, err1 := strconv.Atoi(start)
		by, err2 := strconv.Atoi(step)
		if err1 != nil || err2 != nil || from < 1 || by < 1 || by > from {
			return nil, fmt.Errorf("--timesteps %q: want START:STEP with 1 <= STEP <= START, such as 250:25", f.timesteps)
		}
		var steps []int
		for t := from; t > 0; t -= by {
			steps = append(steps, t)
		}
		return steps, nil
	}
	var steps []int
	for text := range strings.SplitSeq(f.timesteps, ",") {
		t, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("--timesteps %q: want START:STEP or a descending list of numbers", f.timesteps)
		}
		steps = append(steps, t)
	}
	if !slices.IsSortedFunc(steps, func(a, b int) int { return b - a }) {
		return nil, fmt.Errorf("--timesteps %q: not descending", f.timesteps)
	}
	return steps, nil
}
