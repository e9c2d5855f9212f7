package engine

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/runtime/fusion"
)

// Names of what Separate makes.
const (
	RefinedMap = "refined map"
	BaseMap    = "base map"
)

// Separate gives a spec whose result and variants are the smoothed refined map and the
// base map that the rule of spec would add, as far as it reads them, neither of them
// normalised; names says which. The rule must be a built-in one, and base tells
// whether the model has a base.
func Separate(spec worker.Spec, base bool) (_ worker.Spec, names []string, err error) {
	if spec.Plugin != nil {
		return spec, nil, errors.New("what a plugin adds is not known: take a built-in rule")
	}
	var whole settings
	if err := json.Unmarshal(spec.Settings, &whole); err != nil {
		return spec, nil, fmt.Errorf("settings: %w", err)
	}
	whole.Normalize, whole.RefinedQuantiles, whole.BaseQuantiles = fusion.NormalizeNone, nil, nil
	var parts []worker.Variant
	add := func(name, rule string) error {
		s := whole
		s.Rule = rule
		text, err := json.Marshal(s)
		parts, names = append(parts, worker.Variant{Name: name, Settings: text, Rule: rule}), append(names, name)
		return err
	}
	if whole.Rule != "base" {
		rule := whole.Rule
		// Alone, the refined map has all the weight.
		whole.Alpha = 1
		if err := add(RefinedMap, rule); err != nil {
			return spec, nil, err
		}
	}
	if base && whole.Rule != "refined" {
		if err := add(BaseMap, "base"); err != nil {
			return spec, nil, err
		}
	}
	first := parts[0]
	spec.Settings, spec.Rule, spec.Variants = first.Settings, first.Rule, parts[1:]
	return spec, names, nil
}
