package detect

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"

	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/imgio"
)

// Result is what the method finds in one image.
type Result struct {
	Heatmap *imgio.Heatmap // of the model's image size
	Score   float64
	Seconds Seconds
	// Stack holds every map, when Options.Stack asks for it; the base map when the rule
	// reads it.
	Stack *fusion.Stack
	// Profile says where the time went, when Options.Profile asks for it.
	Profile *Profile
}

// Seconds are the times of the parts of one image; Total is their sum. Reading the maps
// back counts to the last part on the device. What an image waited, for the one before
// it or for Result to be called, counts to none; images that overlap can still sum to
// more than the clock shows.
type Seconds struct {
	Prepare float64 `json:"prepare"` // resizing, normalising, masks
	Base    float64 `json:"base"`    // backbone and base model, from when the device was free for them until they were done
	Refine  float64 `json:"refine"`  // the loop, from then on
	Fuse    float64 `json:"fuse"`    // the rule
	Total   float64 `json:"total"`
}

// Predicted is the image that the refiner saw behind the noise (Eq. 8).
type Predicted struct {
	Timestep, Cell int
	Pix            []float32 // rows of pixels of red, green and blue in -1..1
}

// Detect looks for anomalies in a decoded image; digest is imgio.Digest of its file,
// from which all random numbers follow. Equal arguments give equal results, bit for
// bit. Errors wrap graph.ErrNonFinite when a value is not finite, and what the device
// reports.
func (d *Detector) Detect(ctx context.Context, img *imgio.RGB, digest [sha256.Size]byte) (*Result, error) {
	p, err := d.prepare(img, digest)
	if err != nil {
		return nil, err
	}
	return p.Result(ctx)
}

// runRule runs the rule, whose result is not trusted: it may be the caller's.
func (d *Detector) runRule(ctx context.Context, stack *fusion.Stack, res *Result) error {
	f, err := d.rule.Fuse(ctx, stack)
	if err != nil {
		return fmt.Errorf("rule %q: %w", d.rule.Name(), err)
	}
	if want := stack.W * stack.H; len(f.Heatmap) != want {
		return fmt.Errorf("rule %q: heatmap of %d values, want %d", d.rule.Name(), len(f.Heatmap), want)
	}
	finite := !math.IsNaN(f.Score) && !math.IsInf(f.Score, 0)
	for _, v := range f.Heatmap {
		finite = finite && !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0)
	}
	if !finite {
		return fmt.Errorf("rule %q: %w", d.rule.Name(), graph.ErrNonFinite)
	}
	res.Heatmap.Val, res.Score = f.Heatmap, f.Score
	return nil
}
