package fusion

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/drdc-dev/drdc/runtime/graph"
)

// builtin is a rule that joins the error maps pixel by pixel in its own way (Eq. 15),
// smooths the result (Eq. 16) and adds the base map (Eq. 17).
type builtin struct {
	name   string
	config Config
	// join makes one value of those of a pixel, one per map; nil: the rule does not
	// read the error maps.
	join func(values []float32) float32
	// joinGraph is join on the channels of stack.
	joinGraph func(g *graph.Graph, stack graph.Value) graph.Value
	skipBase  bool // the rule does not read the base map
}

// builtins makes the rules in the order of Names.
var builtins = []func(Config) builtin{paper, base, refined, maximum, trimmedMean}

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
func New(name string, c Config) (Builder, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	i := slices.Index(Names(), name)
	if i < 0 {
		return nil, fmt.Errorf("fusion: rule %q, want one of %s", name, strings.Join(Names(), ", "))
	}
	return builtins[i](c), nil
}

func (r builtin) Name() string { return r.name }

// Needs implements Builder.
func (r builtin) Needs(refined, base bool) (useRefined, useBase bool, err error) {
	useRefined, useBase = r.join != nil, base && !r.skipBase
	if useRefined && !refined {
		return false, false, fmt.Errorf("fusion: %w: rule %q needs a refiner", ErrStack, r.name)
	}
	if !useRefined && !useBase {
		return false, false, fmt.Errorf("fusion: %w: rule %q needs a base model", ErrStack, r.name)
	}
	return useRefined, useBase, nil
}

// Fuse computes in float32. Every product and sum is rounded, in this order: join of
// the maps in the order of the stack; box filter along the rows, then along the
// columns, each the sum from the low end divided by the count; refined product plus
// base product plus shift; and for the score the same two passes of means.
func (r builtin) Fuse(ctx context.Context, s *Stack) (*Fused, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	useRefined, useBase, err := r.Needs(len(s.Maps) > 0, s.Base != nil)
	if err != nil {
		return nil, err
	}
	w, err := r.config.weigh(useRefined, useBase)
	if err != nil {
		return nil, err
	}
	heat := make([]float32, s.W*s.H)
	if useRefined {
		values := make([]float32, len(s.Maps))
		for p := range heat {
			for i := range s.Maps {
				values[i] = s.Maps[i].Val[p]
			}
			heat[p] = r.join(values)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		heat = boxFilter(heat, s.W, s.H, r.config.MeanFilter)
	}
	for p := range heat {
		sum := float32(w.refined * heat[p])
		if useBase {
			sum += float32(w.base * s.Base[p])
		}
		heat[p] = sum + w.shift
	}
	return &Fused{heat, Score(heat, s.W, s.H)}, nil
}

// Build implements Builder.
func (r builtin) Build(g *graph.Graph, stack, base graph.Value) (heatmap, score graph.Value, err error) {
	defer g.Scope("fusion")()
	none := graph.Value{}
	useRefined, useBase, err := r.Needs(stack != none, base != none)
	if err != nil {
		return none, none, err
	}
	w, err := r.config.weigh(useRefined, useBase)
	if err != nil {
		return none, none, err
	}
	b := nodes{g}
	var sum graph.Value
	if useRefined {
		sum = b.times("refined", b.box(r.joinGraph(g, stack), r.config.MeanFilter), w.refined)
	}
	if useBase {
		part := b.times("base", base, w.base)
		if useRefined {
			part = b.add(sum, part)
		}
		sum = part
	}
	if w.shift != 0 {
		sum = b.add(sum, b.constant("shift", w.shift))
	}
	return sum, buildScore(g, sum), nil
}
