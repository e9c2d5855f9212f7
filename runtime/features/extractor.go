package features

import (
	"context"
	"errors"
	"fmt"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/runtime/model/bank"
)

// Extractor is a backbone that is loaded and compiled. It is not safe for
// concurrent use.
type Extractor struct {
	size   int // pixels of a side
	grid   [2]int
	values int // channels
	input  *imgio.Normalization
	pixels []float32
	params *graph.Params
	exec   *graph.Exec
}

// Open loads the backbone of a model on dev. Features lie on grid and are means
// over a square of neighborhood places (bank.Config.Local); 1 leaves them as they
// are. Errors wrap those of graph and gpu.
func Open(ctx context.Context, dev *gpu.Device, c model.Config, s graph.Store, grid [2]int, neighborhood int) (*Extractor, error) {
	if c.Backbone == nil {
		return nil, errors.New("features: the model has no backbone")
	}
	e := &Extractor{
		size: c.ImageSize, grid: grid, values: c.Backbone.Channels(),
		input:  imgio.Standard(c.Backbone.Mean, c.Backbone.Std),
		pixels: make([]float32, c.ImageSize*c.ImageSize*imgio.Lanes),
		params: graph.NewParams(dev),
	}
	g := graph.New()
	x := g.Input("pixels", kernels.Float(1, e.size, e.size, 3))
	f := c.Backbone.Build(g, "backbone.", kernels.F32, x, grid)
	g.Check("backbone: features", f)
	g.Output("features", bank.Config{Neighborhood: neighborhood}.Local(g, f))
	if err := e.load(ctx, dev, g, s); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func (e *Extractor) load(ctx context.Context, dev *gpu.Device, g *graph.Graph, s graph.Store) error {
	plan, err := g.Plan(graph.DeviceLimits(dev))
	if err != nil {
		return err
	}
	if err := e.params.Load(ctx, g, s, nil); err != nil {
		return err
	}
	e.exec, err = plan.Load(ctx, dev, e.params, nil)
	return err
}

// Channels is the number of values of a feature.
func (e *Extractor) Channels() int { return e.values }

// Extract resizes an image and returns the features of its places, row by row:
// [h*w, C]. It wraps graph.ErrNonFinite when a feature is NaN or infinite.
func (e *Extractor) Extract(ctx context.Context, img *imgio.RGB) ([]float32, error) {
	small, err := imgio.Resize(img, e.size, e.size)
	if err != nil {
		return nil, err
	}
	if err := e.input.Apply(e.pixels, small); err != nil {
		return nil, err
	}
	if err := errors.Join(e.exec.Write("pixels", kernels.Encode(kernels.F32, e.pixels)), e.exec.Submit()); err != nil {
		return nil, err
	}
	if err := e.exec.Finite(ctx); err != nil {
		return nil, err
	}
	data, err := e.exec.Read(ctx, "features")
	if err != nil {
		return nil, err
	}
	padded := kernels.Decode32(data)
	places, stride := e.grid[0]*e.grid[1], (e.values+3)/4*4
	if len(padded) != places*stride {
		return nil, fmt.Errorf("features: %d values, want %d places of %d", len(padded), places, stride)
	}
	rows := make([]float32, 0, places*e.values)
	for p := range places {
		rows = append(rows, padded[p*stride:p*stride+e.values]...)
	}
	return rows, nil
}

// Close frees what the Extractor holds on the device.
func (e *Extractor) Close() error {
	var err error
	if e.exec != nil {
		err = e.exec.Close()
	}
	return errors.Join(err, e.params.Close())
}
