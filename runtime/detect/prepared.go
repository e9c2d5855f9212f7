package detect

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/diffusion"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/imgio"
)

// Prepared is an image that is ready for the device. While one image runs, the next can
// be made ready and queued: Prepare may be called beside everything else, and Queue
// beside Result of an image that was queued or run before. Images are queued and run
// one at a time.
type Prepared struct {
	detector *Detector
	pixels   []byte                            // of the base
	inputs   func() (*diffusion.Inputs, error) // of the refiner; works once
	seconds  float64
	run      *run // nil: not on the device
}

// Prepare does for an image what needs no device; the arguments are those of Detect.
func (d *Detector) Prepare(img *imgio.RGB, digest [sha256.Size]byte) (*Prepared, error) {
	p, err := d.prepare(img, digest)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if _, err := p.inputs(); err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	p.seconds += time.Since(start).Seconds()
	return p, nil
}

// prepare leaves the refiner's inputs to when they are asked for: while the base runs.
func (d *Detector) prepare(img *imgio.RGB, digest [sha256.Size]byte) (*Prepared, error) {
	start := time.Now()
	size := d.config.ImageSize
	picture, err := imgio.Resize(img, size, size)
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	values := func(n *imgio.Normalization) ([]float32, error) {
		v := make([]float32, size*size*imgio.Lanes)
		return v, n.Apply(v, picture)
	}
	p := &Prepared{detector: d}
	if d.useBase {
		b := d.config.Backbone
		v, err := values(imgio.Standard(b.Mean, b.Std))
		if err != nil {
			return nil, fmt.Errorf("detect: %w", err)
		}
		p.pixels = kernels.Encode(kernels.F32, v)
	}
	p.inputs = sync.OnceValues(func() (*diffusion.Inputs, error) {
		if !d.useRefiner {
			return nil, nil
		}
		v, err := values(imgio.Signed())
		if err != nil {
			return nil, err
		}
		return d.loop.Inputs(v, diffusion.NewKey(digest, d.config.Infer.Seed))
	})
	p.seconds = time.Since(start).Seconds()
	return p, nil
}

// Queue gives all work on the image to a discrete GPU, behind what it has, and returns
// without waiting. On other devices it does nothing: there an image is run by Result,
// step by step, so that the next one does not hold it up. Queued work ends in Result or
// Discard, before the Detector is closed.
func (p *Prepared) Queue(ctx context.Context) error {
	if !p.detector.queues || p.run != nil {
		return nil
	}
	if err := p.start(ctx); err != nil {
		return fmt.Errorf("detect: %w", err)
	}
	return nil
}

// Result runs the image if it is not queued, waits for it and returns what Detect does.
func (p *Prepared) Result(ctx context.Context) (*Result, error) {
	r, err := p.result(ctx)
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	r.Profile = p.detector.profile.result(r.Seconds)
	return r, nil
}

func (p *Prepared) result(ctx context.Context) (*Result, error) {
	if p.run == nil {
		if err := p.start(ctx); err != nil {
			return nil, err
		}
	}
	defer p.Discard()
	d, size := p.detector, p.detector.config.ImageSize
	stack := &fusion.Stack{W: size, H: size}
	res := &Result{Heatmap: &imgio.Heatmap{W: size, H: size}, Seconds: Seconds{Prepare: p.seconds}}
	if err := p.run.read(ctx, stack, &res.Seconds); err != nil {
		return nil, err
	}
	s := &res.Seconds
	start := time.Now()
	if err := d.runRule(ctx, stack, res); err != nil {
		return nil, err
	}
	s.Fuse = time.Since(start).Seconds()
	s.Total = s.Prepare + s.Base + s.Refine + s.Fuse
	if d.options.Stack {
		res.Stack = stack
	}
	return res, nil
}

// Discard gives up what is queued, without waiting for it.
func (p *Prepared) Discard() {
	if p.run != nil {
		p.run.discard()
		p.run = nil
	}
}
