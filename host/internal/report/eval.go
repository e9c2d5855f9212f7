package report

import (
	_ "embed"
	"encoding/json"
	"io"
	"math"

	"github.com/drdc-dev/drdc/runtime/eval"
)

//go:embed eval.html
var evalHTML string

//go:embed eval.css
var evalCSS string

//go:embed eval.js
var evalJS string

// Eval is an evaluation for the page about it.
type Eval struct {
	Title      string          `json:"title"`
	Data       []string        `json:"data"` // folders
	Model      string          `json:"model"`
	Digest     string          `json:"digest"`
	Adapter    string          `json:"adapter"`
	Rule       string          `json:"rule"`
	Settings   json.RawMessage `json:"settings"`
	Threshold  *float64        `json:"threshold"` // null without
	PROLimit   float64         `json:"pro_limit"`
	Seconds    float64         `json:"seconds"`
	Mean       eval.Metrics    `json:"mean"`
	Classes    []EvalClass     `json:"classes"`
	Compared   string          `json:"compared"`   // heading of Comparison
	Comparison []EvalRow       `json:"comparison"` // not nil
	Notes      []string        `json:"notes"`      // on Comparison; not nil
	LeftOut    []EvalLeftOut   `json:"left_out"`   // not nil
}

// EvalRow are the means of one rule or one row of an ablation.
type EvalRow struct {
	Name string `json:"name"`
	eval.Metrics
}

// EvalLeftOut is an image in no figure.
type EvalLeftOut struct {
	Path  string `json:"path"`
	Error string `json:"error"`
}

// EvalClass is a class with its curves and its worst images.
type EvalClass struct {
	Name   string `json:"name"`
	Images int    `json:"images"`
	eval.Metrics
	// Threshold is that of the class, nil where that of the model counts.
	Threshold *float64 `json:"threshold,omitempty"`
	// Scores are [score, 0 good or 1 anomalous] of every image.
	Scores      [][2]float64 `json:"scores"`
	ImageCurve  []EvalPoint  `json:"image_curve"` // null without ground truth
	PixelCurve  []EvalPoint  `json:"pixel_curve"`
	FalseAlarms []EvalCase   `json:"false_alarms"` // good images of high scores; not nil
	Misses      []EvalCase   `json:"misses"`       // anomalous images of low scores; not nil
}

// EvalPoint is threshold, recall, false-positive rate, precision and overlap, to as
// many digits as a page shows.
type EvalPoint [5]float64

// EvalCurve takes over the points of a curve.
func EvalCurve(points []eval.Point) []EvalPoint {
	var curve []EvalPoint
	for _, p := range points {
		curve = append(curve, EvalPoint{
			short(p.Threshold), math.Round(p.TruePositiveRate*1e5) / 1e5, math.Round(p.FalsePositiveRate*1e5) / 1e5,
			math.Round(p.Precision*1e5) / 1e5, math.Round(p.Overlap*1e5) / 1e5,
		})
	}
	return curve
}

// short keeps six significant digits.
func short(v float64) float64 {
	if v == 0 {
		return 0
	}
	scale := math.Pow(10, 5-math.Floor(math.Log10(math.Abs(v))))
	if r := math.Round(v*scale) / scale; !math.IsNaN(r) && !math.IsInf(r, 0) {
		return r
	}
	return v
}

// EvalCase is one image with two pictures, as data URLs: the image with the true
// outline, and with the heatmap laid over it.
type EvalCase struct {
	Path   string  `json:"path"`
	Defect string  `json:"defect,omitempty"`
	Score  float64 `json:"score"`
	// Badness is the share of the images of the other label, in the class, that the
	// score is on the wrong side of.
	Badness float64 `json:"badness"`
	Image   string  `json:"image"`
	Overlay string  `json:"overlay"`
}

// EvalPage writes the page about an evaluation: one file without any reference.
func EvalPage(w io.Writer, e Eval) error {
	return frame(w, e.Title, evalHTML, pageCSS+evalCSS, evalJS, e)
}
