package fusion

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Builtin is a rule that joins the error maps pixel by pixel in its own way (Eq. 15),
// smooths the result (Eq. 16) and adds the base map (Eq. 17).
type Builtin struct {
	name   string
	config Config
	// join makes one map of all; nil: the rule does not read the error maps.
	join     func(dst []float32, maps []Map)
	skipBase bool // the rule does not read the base map
}

// builtins makes the rules in the order of Names.
var builtins = []func(Config) Builtin{paper, base, refined, maximum, trimmedMean}

// Names lists the built-in rules.
func Names() []string {
	names := make([]string, len(builtins))
	for i, f := range builtins {
		names[i] = f(Config{}).name
	}
	return names
}

// New returns a built-in rule: paper, base, refined, max or trimmed-mean. paper, max
// and trimmed-mean read the base map where there is one; without it, they are the
// refined map alone.
func New(name string, c Config) (Builtin, error) {
	if err := c.Validate(); err != nil {
		return Builtin{}, err
	}
	i := slices.Index(Names(), name)
	if i < 0 {
		return Builtin{}, fmt.Errorf("fusion: rule %q, want one of %s", name, strings.Join(Names(), ", "))
	}
	return builtins[i](c), nil
}

// Name implements Rule.
func (r Builtin) Name() string { return r.name }

// Needs says which of the maps that there are the rule reads. An error wraps ErrStack:
// the rule cannot do without one that is not there.
func (r Builtin) Needs(refined, base bool) (useRefined, useBase bool, err error) {
	useRefined, useBase = r.join != nil, base && !r.skipBase
	if useRefined && !refined {
		return false, false, fmt.Errorf("fusion: %w: rule %q needs a refiner", ErrStack, r.name)
	}
	if !useRefined && !useBase {
		return false, false, fmt.Errorf("fusion: %w: rule %q needs a base model", ErrStack, r.name)
	}
	return useRefined, useBase, nil
}

// Fuse implements Rule. It computes in float32; every product and sum is rounded, in
// this order: join of the maps in the order of the stack; box filter along the rows,
// then along the columns, each the sum from the low end divided by the count; refined
// product plus base product plus shift; and for the score the same two passes of means.
func (r Builtin) Fuse(ctx context.Context, s *Stack) (*Fused, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	useRefined, useBase, err := r.Needs(len(s.Maps) > 0, s.Base != nil)
	if err != nil {
		return nil, err
	}
	w, err := r.config.Weights(useRefined, useBase)
	if err != nil {
		return nil, err
	}
	heat := make([]float32, s.W*s.H)
	if useRefined {
		r.join(heat, s.Maps)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		heat = boxFilter(heat, s.W, s.H, r.config.MeanFilter)
	}
	for p := range heat {
		sum := float32(w.Refined * heat[p])
		if useBase {
			sum += float32(w.Base * s.Base[p])
		}
		heat[p] = sum + w.Shift
	}
	return &Fused{heat, Score(heat, s.W, s.H)}, nil
}
