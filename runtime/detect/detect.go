package detect

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/diffusion"
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

// Seconds are the times of the parts of one image; Total is their sum.
type Seconds struct {
	Prepare float64 `json:"prepare"` // resizing and normalising
	Base    float64 `json:"base"`    // backbone and base model
	Refine  float64 `json:"refine"`  // the loop
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
	if d.base == nil && d.refiner == nil {
		return nil, errors.New("detect: closed")
	}
	d.profile.reset()
	r, err := d.detect(ctx, img, digest)
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	r.Profile = d.profile.result(r.Seconds)
	return r, nil
}

func (d *Detector) detect(ctx context.Context, img *imgio.RGB, digest [sha256.Size]byte) (*Result, error) {
	size := d.config.ImageSize
	res := &Result{Heatmap: &imgio.Heatmap{W: size, H: size}}
	start := time.Now()
	lap := func(to *float64) {
		now := time.Now()
		*to = now.Sub(start).Seconds()
		start = now
	}
	picture, err := imgio.Resize(img, size, size)
	if err != nil {
		return nil, err
	}
	stack := &fusion.Stack{W: size, H: size}
	lap(&res.Seconds.Prepare)
	if d.base != nil {
		if stack.Base, err = d.runBase(ctx, picture); err != nil {
			return nil, err
		}
	}
	lap(&res.Seconds.Base)
	if d.refiner != nil {
		if err := d.runRefiner(ctx, picture, digest, stack); err != nil {
			return nil, err
		}
	}
	lap(&res.Seconds.Refine)
	if err := d.runRule(ctx, stack, res); err != nil {
		return nil, err
	}
	lap(&res.Seconds.Fuse)
	s := &res.Seconds
	s.Total = s.Prepare + s.Base + s.Refine + s.Fuse
	if d.options.Stack {
		res.Stack = stack
	}
	return res, nil
}

// runBase returns the base map.
func (d *Detector) runBase(ctx context.Context, picture *imgio.RGB) ([]float32, error) {
	b := d.config.Backbone
	pixels := make([]float32, picture.W*picture.H*imgio.Lanes)
	if err := imgio.Standard(b.Mean, b.Std).Apply(pixels, picture); err != nil {
		return nil, err
	}
	if err := d.base.Write(inPixels, kernels.Encode(kernels.F32, pixels)); err != nil {
		return nil, err
	}
	if err := d.base.Submit(ctx); err != nil {
		return nil, err
	}
	if err := d.base.Finite(ctx); err != nil {
		return nil, err
	}
	v, err := d.base.Read(ctx, outBase)
	if err != nil {
		return nil, err
	}
	return lanes(v, 1)[0], nil
}

// runRefiner runs the loop and puts its error maps into stack.
func (d *Detector) runRefiner(ctx context.Context, picture *imgio.RGB, digest [sha256.Size]byte, stack *fusion.Stack) error {
	image := make([]float32, imgio.Lanes*picture.W*picture.H)
	if err := imgio.Signed().Apply(image, picture); err != nil {
		return err
	}
	var after func(step int) error
	if d.options.Watch != nil {
		after = func(step int) error { return d.watch(ctx, step) }
	}
	if err := d.loop.Run(ctx, d.refiner, image, diffusion.NewKey(digest, d.config.Infer.Seed), after); err != nil {
		return err
	}
	if err := d.refiner.Finite(ctx); err != nil {
		return err
	}
	v, err := d.refiner.Read(ctx, outStack)
	if err != nil {
		return err
	}
	maps := d.config.Infer.Maps()
	for i, val := range lanes(v, len(maps)) {
		m := maps[i]
		stack.Maps = append(stack.Maps, fusion.Map{Timestep: m.Timestep, Cell: m.Cell, Scale: m.Scale, Val: val})
	}
	return nil
}

func (d *Detector) watch(ctx context.Context, step int) error {
	for k, cell := range d.config.Infer.Cells {
		v, err := d.refiner.Read(ctx, diffusion.Predicted(k))
		if err != nil {
			return err
		}
		p := Predicted{Timestep: d.config.Infer.Timesteps[step], Cell: cell}
		for i := 0; i < len(v); i += 4 {
			p.Pix = append(p.Pix, v[i:i+3]...)
		}
		d.options.Watch(p)
	}
	return nil
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
