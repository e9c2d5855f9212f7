package eval

import (
	"errors"
	"fmt"
)

// ErrValue says that a score, a map, a truth or a setting cannot be used.
var ErrValue = errors.New("unusable value")

// APRule is how the area under the precision-recall curve is taken.
type APRule int

const (
	// APStep is average precision: the sum of (R[j]-R[j-1]) P[j] over distinct
	// thresholds, descending.
	APStep APRule = iota
	// APTrapezoid joins the points by straight lines, from precision 1 at recall
	// 0, as anomalib does.
	APTrapezoid
)

// F1Rule is which thresholds the pixel F1-max tries. The image F1-max always
// tries every distinct score.
type F1Rule int

const (
	// F1Exact tries every distinct value.
	F1Exact F1Rule = iota
	// F1Grid21 tries 0, 0.05, ... 1 of the range of the class's maps, as ADer does;
	// a pixel is positive above the threshold.
	F1Grid21
)

// PRORule is how the per-region overlap curve is integrated.
type PRORule int

const (
	// PROExact uses every distinct value and interpolates at the limit.
	PROExact PRORule = iota
	// PROGrid200 uses 200 equal steps from the smallest value up to the largest,
	// keeps the points with a false-positive rate below the limit and divides that
	// rate by the largest one kept, without interpolation, as Dinomaly does.
	PROGrid200
)

// Options chooses between definitions.
type Options struct {
	AP       APRule
	F1       F1Rule
	PRO      PRORule
	PROLimit float64 // the false-positive rate up to which AUPRO integrates, in (0, 1]
	Compat   bool    // also work out [Class.Compat]
	Curve    int     // the most points of a curve in the result, at least 2

	// Bootstrap is the number of resamplings behind the interval of the image
	// AUROC; 0 means no interval. Level is its coverage, in (0, 1).
	Bootstrap int
	Level     float64
	Seed      uint64
}

// DefaultOptions returns the exact definitions, AUPRO up to 0.3, curves of up to
// 400 points and no interval.
func DefaultOptions() Options { return Options{PROLimit: 0.3, Curve: 400, Level: 0.95} }

// Validate wraps [ErrValue] for settings that cannot be used.
func (o Options) Validate() error {
	switch {
	case o.AP < APStep || o.AP > APTrapezoid:
		return fmt.Errorf("eval: %w: AP rule %d", ErrValue, o.AP)
	case o.F1 < F1Exact || o.F1 > F1Grid21:
		return fmt.Errorf("eval: %w: F1 rule %d", ErrValue, o.F1)
	case o.PRO < PROExact || o.PRO > PROGrid200:
		return fmt.Errorf("eval: %w: PRO rule %d", ErrValue, o.PRO)
	case !(o.PROLimit > 0 && o.PROLimit <= 1):
		return fmt.Errorf("eval: %w: PRO limit %v, want more than 0 and at most 1", ErrValue, o.PROLimit)
	case o.Curve < 2:
		return fmt.Errorf("eval: %w: %d points of a curve, want 2 or more", ErrValue, o.Curve)
	case o.Bootstrap < 0:
		return fmt.Errorf("eval: %w: %d resamplings, want 0 or more", ErrValue, o.Bootstrap)
	case o.Bootstrap > 0 && !(o.Level > 0 && o.Level < 1):
		return fmt.Errorf("eval: %w: level %v, want between 0 and 1", ErrValue, o.Level)
	}
	return nil
}
