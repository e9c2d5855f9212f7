package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"github.com/drdc-dev/drdc/host/internal/learn"
	"github.com/drdc-dev/drdc/runtime/dataset"
	"github.com/drdc-dev/drdc/runtime/diffusion"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/train"
	"github.com/drdc-dev/drdc/weights"
)

// What the page of a refiner shows: so many images, each at these timesteps.
const previewImages = 3

var previewSteps = []int{50, 150, 250}

// refinerPreview shows what the averaged weights make of some images: one sample each,
// always the same.
type refinerPreview struct {
	run      *refinerRun
	dev      *gpu.Device
	training *diffusion.Training // of one image
	plan     *graph.Plan
	graph    *graph.Graph
}

// Outputs of the preview's graph.
const (
	previewCondition = "condition"
	previewNoisy     = "noisy"
	previewNoise     = "predicted"
)

func (r *refinerRun) preview(dev *gpu.Device) (*refinerPreview, error) {
	training, err := diffusion.NewTraining(r.shown, r.schedule, r.config.ImageSize, 1)
	if err != nil {
		return nil, err
	}
	g := graph.New()
	b := training.Build(g, r.config.Refiner.Trainee())
	g.Output(previewCondition, b.Condition)
	g.Output(previewNoisy, b.Noisy)
	g.Output(previewNoise, b.Predicted)
	plan, err := g.Plan(graph.DeviceLimits(dev))
	if err != nil {
		return nil, err
	}
	return &refinerPreview{r, dev, training, plan, g}, nil
}

// store gives a graph the tensors of a training.
func storeOf(tensors []weights.Named) graph.Values {
	store := graph.Values{}
	for _, t := range tensors {
		v := store[t.Name]
		v.Shape, v.Data = t.Shape, t.Data
		store[t.Name] = v
	}
	return store
}

// pictures makes the rows of the page.
func (p *refinerPreview) pictures(ctx context.Context, t *train.Trainer) (rows []learn.Picture, err error) {
	tensors, err := t.Tensors(ctx, true)
	if err != nil {
		return nil, err
	}
	params := graph.NewParams(p.dev)
	defer func() { err = errors.Join(err, params.Close()) }()
	if err := params.Load(ctx, p.graph, storeOf(tensors), nil); err != nil {
		return nil, err
	}
	e, err := p.plan.Load(ctx, p.dev, params, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	n := min(previewImages, len(p.run.images))
	for i := range n {
		at := (2*i + 1) * len(p.run.images) / (2 * n)
		row, err := p.row(ctx, e, at)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// row shows one image at every timestep.
func (p *refinerPreview) row(ctx context.Context, e *graph.Exec, at int) (learn.Picture, error) {
	img, sample := p.run.images[at], p.training.Draw(diffusion.NewTrainingKey(p.run.seed, math.MaxUint64-uint64(at)))
	row := learn.Picture{Title: fmt.Sprintf("%s, cells of %d px", sampleTitle(p.run.samples[at]), sample.Cell)}
	values := make([]float32, img.W*img.H*imgio.Lanes)
	if err := imgio.Signed().Apply(values, img); err != nil {
		return row, err
	}
	add := func(caption string, m *imgio.RGB) error {
		var png bytes.Buffer
		err := imgio.EncodePNG(&png, m)
		row.Cells = append(row.Cells, learn.Cell{Caption: caption, PNG: png.Bytes()})
		return err
	}
	if err := add("image", img); err != nil {
		return row, err
	}
	for i, step := range previewSteps {
		if step > p.run.shown.MaxStep {
			break
		}
		sample.Timestep = step
		out, err := p.evaluate(ctx, e, values, sample)
		if err != nil {
			return row, err
		}
		if i == 0 {
			if err := add("condition", fromSigned(out[previewCondition], img.W, img.H)); err != nil {
				return row, err
			}
		}
		denoised := p.training.Denoised(out[previewNoisy], out[previewNoise], step)
		for _, c := range []struct {
			caption string
			image   *imgio.RGB
		}{
			{fmt.Sprintf("noised, t = %d", step), fromSigned(out[previewNoisy], img.W, img.H)},
			{"predicted", fromSigned(denoised, img.W, img.H)},
			{"error", errorMap(values, denoised, img.W, img.H)},
		} {
			if err := add(c.caption, c.image); err != nil {
				return row, err
			}
		}
	}
	return row, nil
}

func sampleTitle(s dataset.Sample) string { return s.Class + ": " + filepath.Base(s.Path) }

// evaluate runs one sample and reads the padded values of the outputs.
func (p *refinerPreview) evaluate(ctx context.Context, e *graph.Exec, image []float32, sample diffusion.TrainingSample) (map[string][]float32, error) {
	if err := p.training.Write(e.Write, image, []diffusion.TrainingSample{sample}); err != nil {
		return nil, err
	}
	if err := e.Submit(); err != nil {
		return nil, err
	}
	out := map[string][]float32{}
	for _, name := range []string{previewCondition, previewNoisy, previewNoise} {
		var err error
		if out[name], err = e.ReadFloats(ctx, name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// fromSigned turns padded values in -1..1 into a picture; others are clipped.
func fromSigned(v []float32, w, h int) *imgio.RGB {
	m := &imgio.RGB{W: w, H: h, Pix: make([]uint8, 3*w*h)}
	for i := range m.Pix {
		x := float64(v[i/3*imgio.Lanes+i%3])
		m.Pix[i] = uint8(math.Round(127.5 * (1 + max(-1, min(1, x)))))
	}
	return m
}

// errorMap colours the distance of two pictures, black at 0 and bright from 1 on, half
// of the range of a channel.
func errorMap(a, b []float32, w, h int) *imgio.RGB {
	m := &imgio.RGB{W: w, H: h, Pix: make([]uint8, 3*w*h)}
	colours := imgio.Ember()
	for i := range w * h {
		sum := 0.0
		for c := range 3 {
			d := float64(a[i*imgio.Lanes+c] - b[i*imgio.Lanes+c])
			sum += d * d
		}
		m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2] = colours.At(min(1, math.Sqrt(sum)))
	}
	return m
}
