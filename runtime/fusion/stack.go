package fusion

import (
	"context"
	"errors"
	"fmt"
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
