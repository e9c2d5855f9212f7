package cli

import (
	"context"
	"io"
	"path/filepath"

	"github.com/drdc-dev/drdc/host/internal/measure"
	"github.com/drdc-dev/drdc/host/internal/report"
	"github.com/drdc-dev/drdc/runtime/eval"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/weights"
)

// Of the page of eval: the worst images of a class, of each kind, and the longer side
// of their pictures in pixels.
const (
	worstCases = 4
	caseSide   = 240
)

// writeEvalPage writes the page about an evaluation to a file.
func writeEvalPage(ctx context.Context, file string, c model.Config, f *evalFlags, m *measure.Measurement, r evalReport) error {
	page := report.Eval{
		Title: "Evaluation of " + title(f.data), Data: f.data, Model: filepath.Base(f.model), Digest: r.Model, Adapter: r.Adapter,
		Rule: r.Rule, Settings: m.Job.Spec.Settings, Threshold: c.Threshold, PROLimit: eval.DefaultOptions().PROLimit, Seconds: r.Seconds,
		Mean: r.Mean, Comparison: []report.EvalRow{}, Notes: []string{}, LeftOut: []report.EvalLeftOut{},
	}
	for _, v := range r.Rules {
		page.Compared = "Rules"
		page.Comparison = append(page.Comparison, report.EvalRow{Name: v.Rule, Metrics: v.Mean})
	}
	for _, v := range r.Ablation {
		page.Compared = "Ablation"
		page.Comparison = append(page.Comparison, report.EvalRow{Name: v.Name, Metrics: v.Mean})
		page.Notes = r.AblationNotes
	}
	for _, l := range r.LeftOut {
		page.LeftOut = append(page.LeftOut, report.EvalLeftOut{Path: l.Path, Error: l.Error})
	}
	for _, class := range r.Classes {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		p, err := evalClass(m, class, c)
		if err != nil {
			return err
		}
		page.Classes = append(page.Classes, p)
	}
	return weights.Replace(file, func(w io.Writer) error { return report.EvalPage(w, page) })
}

// evalClass is a class of the page, with the pictures of its worst images.
func evalClass(m *measure.Measurement, c *eval.Class, config model.Config) (report.EvalClass, error) {
	p := report.EvalClass{
		Name: c.Name, Images: c.Images, Metrics: c.Metrics, ImageCurve: report.EvalCurve(c.ImageCurve), PixelCurve: report.EvalCurve(c.PixelCurve),
		FalseAlarms: []report.EvalCase{}, Misses: []report.EvalCase{},
	}
	if k := config.Calibration; k != nil && config.Threshold != nil {
		if own, ok := k.Classes[c.Name]; ok {
			p.Threshold = &own.Threshold
		}
	}
	for _, s := range c.Scores {
		label := 0.0
		if s.Anomalous {
			label = 1
		}
		p.Scores = append(p.Scores, [2]float64{float64(s.Score), label})
	}
	alarms, misses := c.FalseAlarms(worstCases), c.Misses(worstCases)
	span, err := m.Span(append(append([]eval.Score(nil), alarms...), misses...))
	if err != nil {
		return p, err
	}
	for _, list := range []struct {
		scores []eval.Score
		cases  *[]report.EvalCase
	}{{alarms, &p.FalseAlarms}, {misses, &p.Misses}} {
		for _, s := range list.scores {
			image, overlay, err := m.Pictures(s.Path, span, caseSide)
			if err != nil {
				return p, err
			}
			*list.cases = append(*list.cases, report.EvalCase{
				Path: filepath.ToSlash(s.Path), Defect: s.Defect, Score: float64(s.Score), Badness: badness(c, s),
				Image: report.DataURL(image), Overlay: report.DataURL(overlay),
			})
		}
	}
	return p, nil
}

// badness is the share of the images of the other label that s is on the wrong side
// of.
func badness(c *eval.Class, s eval.Score) float64 {
	wrong, others := 0, 0
	for _, o := range c.Scores {
		if o.Anomalous == s.Anomalous {
			continue
		}
		others++
		if s.Anomalous == (o.Score >= s.Score) {
			wrong++
		}
	}
	return float64(wrong) / float64(max(others, 1))
}
