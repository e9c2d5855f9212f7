package fusion

import (
	"context"
	"errors"
	"fmt"

	"github.com/drdc-dev/drdc/runtime/graph"
)

// ErrStack is wrapped when a rule lacks the maps that it needs, or a map has the
// wrong size.
var ErrStack = errors.New("unusable stack")

// Map is the error of the image predicted at a timestep, for a cell size, compared at
// a scale (Eq. 14), in the pixels of the image.
type Map struct {
	Timestep int // of the paper: 0 the image, 1000 noise
	Cell     int // pixels of a side
	Scale    int // 1, 2, ...: the images were compared at 1/Scale of their size
	Val      []float32
}

// Stack is all maps of one image, rows of W values.
type Stack struct {
	W, H int
	Base []float32 // the base heatmap (Eq. 2); nil without a base model
	Maps []Map     // empty without a refiner
}

// check refuses maps of another size than the stack's.
func (s *Stack) check() error {
	if s.W < 1 || s.H < 1 {
		return fmt.Errorf("fusion: %w: %d x %d px", ErrStack, s.W, s.H)
	}
	if s.Base != nil && len(s.Base) != s.W*s.H {
		return fmt.Errorf("fusion: %w: base map of %d values, want %d", ErrStack, len(s.Base), s.W*s.H)
	}
	for i, m := range s.Maps {
		if len(m.Val) != s.W*s.H {
			return fmt.Errorf("fusion: %w: map %d of %d values, want %d", ErrStack, i, len(m.Val), s.W*s.H)
		}
	}
	return nil
}

// Fused is what a rule makes of a stack.
type Fused struct {
	Heatmap []float32 // rows of W values
	Score   float64   // of the image; higher is more anomalous
}

// Rule joins the maps of an image.
type Rule interface {
	// Name is what results call the rule.
	Name() string
	// Fuse makes the heatmap and the score. It does not change s. Errors about maps
	// that are missing wrap ErrStack.
	Fuse(ctx context.Context, s *Stack) (*Fused, error)
}

// Builder is a Rule that also runs in a graph.
type Builder interface {
	Rule
	// Needs says which of the maps that there are the rule reads. An error wraps
	// ErrStack: the rule cannot do without one that is not there.
	Needs(refined, base bool) (useRefined, useBase bool, err error)
	// Build adds the rule to g: stack [1, H, W, M] has a map per channel, base
	// [1, H, W, 1] is the base heatmap; the zero Value stands for either that is not
	// there. It returns the heatmap [1, H, W, 1] and the score [1, 1, 1, 1].
	Build(g *graph.Graph, stack, base graph.Value) (heatmap, score graph.Value, err error)
}
