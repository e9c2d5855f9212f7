package measure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/drdc-dev/drdc/host/internal/job"
	"github.com/drdc-dev/drdc/host/internal/walk"
	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/runtime/dataset"
	"github.com/drdc-dev/drdc/runtime/eval"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/result"
)

// Config says what to measure on.
type Config struct {
	// Job is the run; its Images are those of Samples, and raw maps are saved.
	Job     job.Config
	Samples []dataset.Sample // class by class
}

// Measurement is a run that is done.
type Measurement struct {
	Config
	Summary job.Summary
	// LeftOut are the samples without a result, with the reason.
	LeftOut []LeftOut

	done []measured
}

// LeftOut is an image that could not be done.
type LeftOut struct {
	Path  string `json:"path"`
	Class string `json:"class"`
	Error string `json:"error"`
}

// measured is a sample with its result.
type measured struct {
	dataset.Sample
	row result.Row
}

// Run does the images that the job's folder does not have. Its errors are those of
// job.Run, of masks that cannot be read or have another size, and one when nothing could be done.
func Run(ctx context.Context, c Config) (*Measurement, error) {
	if err := readable(ctx, c.Samples); err != nil {
		return nil, err
	}
	var paths []string
	for _, s := range c.Samples {
		paths = append(paths, s.Path)
	}
	var err error
	if c.Job.Images, err = walk.Find(paths, c.Job.Out); err != nil {
		return nil, err
	}
	if !slices.Contains(c.Job.Spec.Save, "raw") {
		c.Job.Spec.Save = append(slices.Clone(c.Job.Spec.Save), "raw")
	}
	m := &Measurement{Config: c}
	if m.Summary, err = job.Run(ctx, c.Job); err != nil {
		return m, err
	}
	for _, s := range c.Samples {
		row, ok := m.Summary.Rows[filepath.ToSlash(filepath.Clean(s.Path))]
		switch {
		case !ok:
			return m, fmt.Errorf("measure: no result of %s", s.Path)
		case row.Error != "":
			m.LeftOut = append(m.LeftOut, LeftOut{row.Path, s.Class, row.Error})
		default:
			m.done = append(m.done, measured{s, row})
		}
	}
	if len(m.done) == 0 {
		return m, fmt.Errorf("measure: none of the %d images could be done; the first: %s: %s", len(m.LeftOut), m.LeftOut[0].Path, m.LeftOut[0].Error)
	}
	return m, nil
}

// readable decodes every mask, so that one that is broken or not its picture's does
// not end a run of hours.
func readable(ctx context.Context, samples []dataset.Sample) error {
	for _, s := range samples {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := s.CheckMask(imgio.DefaultLimits()); err != nil {
			return err
		}
	}
	return nil
}

// Names are those of what was compared: the rule of the spec, then its variants.
func (m *Measurement) Names() []string {
	names := []string{m.Job.Spec.Rule}
	for _, v := range m.Job.Spec.Variants {
		names = append(names, v.Name)
	}
	return names
}

// Adapter names what the images ran on.
func (m *Measurement) Adapter() string { return m.done[len(m.done)-1].row.Adapter }

// Fallbacks counts the images that a built-in rule did in place of the spec's plugin.
func (m *Measurement) Fallbacks() (n int) {
	for _, d := range m.done {
		if d.row.Rule != m.Job.Spec.Rule {
			n++
		}
	}
	return n
}

// Report works out the figures of number i of Names. A class of which no image could
// be done is not in it.
func (m *Measurement) Report(ctx context.Context, i int, o eval.Options) (*eval.Report, error) {
	var classes []*eval.Class
	var collector *eval.Collector
	for n, d := range m.done {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		var err error
		if collector, err = m.add(collector, d, i); err != nil {
			return nil, err
		}
		if n+1 < len(m.done) && m.done[n+1].Class == d.Class {
			continue
		}
		c, err := collector.Finish(o)
		if err != nil {
			return nil, err
		}
		classes, collector = append(classes, c), nil
	}
	return eval.NewReport(classes...), nil
}

// add gives an image to the collector of its class, made when there is none.
func (m *Measurement) add(c *eval.Collector, d measured, i int) (*eval.Collector, error) {
	h, err := m.read(d.row, i)
	if err != nil {
		return nil, err
	}
	if c == nil {
		if c, err = eval.NewCollector(d.Class, h.W, h.H); err != nil {
			return nil, err
		}
	}
	truth, err := d.Truth(h.W, h.H, imgio.DefaultLimits())
	if err != nil {
		return nil, err
	}
	return c, c.Add(eval.Image{
		Path: d.Path, Defect: d.Defect, Anomalous: d.Anomalous, Score: float32(m.score(d.row, i)), Map: h.Val, Truth: truth.Labels,
	})
}

// read returns the raw map of number i of Names.
func (m *Measurement) read(row result.Row, i int) (*imgio.Heatmap, error) {
	kind := "raw"
	if i > 0 {
		kind = worker.VariantFile(i - 1)
	}
	name, ok := row.Files[kind]
	if !ok {
		return nil, fmt.Errorf("measure: %s: no file %q", row.Path, kind)
	}
	file := filepath.Join(m.Job.Out, filepath.FromSlash(name))
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return imgio.ReadNPY(data, file, imgio.DefaultLimits())
}

func (m *Measurement) score(row result.Row, i int) float64 {
	if i == 0 {
		return row.Score
	}
	return row.Scores[m.Job.Spec.Variants[i-1].Name]
}

// Heatmap is the map of number i of Names for an image of a report.
func (m *Measurement) Heatmap(path string, i int) (*imgio.Heatmap, error) {
	d, err := m.find(path)
	if err != nil {
		return nil, err
	}
	return m.read(d.row, i)
}

func (m *Measurement) find(path string) (measured, error) {
	i := slices.IndexFunc(m.done, func(d measured) bool { return d.Path == path })
	if i < 0 {
		return measured{}, errors.New("measure: no image " + path)
	}
	return m.done[i], nil
}
