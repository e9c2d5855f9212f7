package measure

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/drdc-dev/drdc/host/internal/job"
	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/drdc-dev/drdc/host/internal/worker/workertest"
	"github.com/drdc-dev/drdc/runtime/dataset"
	"github.com/drdc-dev/drdc/runtime/eval"
	"github.com/drdc-dev/drdc/runtime/imgio"
)

func TestMain(m *testing.M) {
	workertest.ServeIfAsked()
	os.Exit(m.Run())
}

// picture writes a grey PNG of 32 x 32 with a square of the given brightness.
func picture(t *testing.T, name string, grey, square uint8) string {
	t.Helper()
	img, err := imgio.NewRGB(32, 32)
	if err != nil {
		t.Fatal(err)
	}
	for i := range img.Pix {
		img.Pix[i] = grey
		if x, y := i/3%32, i/3/32; x > 7 && x < 16 && y > 7 && y < 16 {
			img.Pix[i] = square
		}
	}
	var b bytes.Buffer
	if err := imgio.EncodePNG(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestMeasure runs the fake detector, whose map is 1/2 as high for the variant.
func TestMeasure(t *testing.T) {
	dir := t.TempDir()
	mask := picture(t, filepath.Join(dir, "mask.png"), 0, 255)
	samples := []dataset.Sample{
		{Class: "a", Path: picture(t, filepath.Join(dir, "good.png"), 100, 101)},
		{Class: "a", Path: picture(t, filepath.Join(dir, "bad.png"), 100, 200), Anomalous: true, Defect: "square", Mask: mask},
		{Class: "b", Path: picture(t, filepath.Join(dir, "other.png"), 90, 120)},
	}
	spec := worker.Spec{Model: "none", Device: "auto", Settings: []byte("{}"), Rule: "first", Variants: []worker.Variant{{Name: "second", Settings: []byte("{}"), Rule: "second"}}}
	c := Config{Samples: samples, Job: job.Config{
		Out: filepath.Join(dir, "out"), Spec: spec, Start: workertest.Start(workertest.Fault{}), Note: func(string, bool) {}, Progress: func(job.Summary) {},
	}}
	m, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if names := m.Names(); !slices.Equal(names, []string{"first", "second"}) || m.Fallbacks() != 0 || m.LeftOut != nil {
		t.Errorf("%q, %d, %v", names, m.Fallbacks(), m.LeftOut)
	}
	var values []float32
	for i, share := range []float32{1, 0.5} {
		r, err := m.Report(t.Context(), i, eval.DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Classes) != 2 || *r.Classes[0].ImageAUROC != 1 || *r.Classes[0].PixelAUROC != 1 || r.Classes[1].ImageAUROC != nil {
			t.Errorf("number %d: %+v", i, r.Classes[0])
		}
		h, err := m.Heatmap(samples[1].Path, i)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			values = h.Val
		}
		for p, v := range h.Val {
			if v != share*values[p] {
				t.Fatalf("number %d: value %d is %g, want %g", i, p, v, share*values[p])
			}
		}
	}
	var all []float32
	for _, s := range samples {
		h, err := m.Heatmap(s.Path, 0)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, h.Val...)
	}
	q, err := m.Quantiles(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	below := func(limit float64) (n int) {
		for _, v := range all {
			if float64(v) <= limit {
				n++
			}
		}
		return n
	}
	if n := len(all); 2*below(q.Median) < n || 1000*below(q.High) < 995*n || 1000*below(q.High*0.999) >= 1000*n {
		t.Errorf("quantiles %+v of %d values", q, n)
	}
	// The outline is white and near black on the picture's grey.
	image, overlay, err := m.Pictures(samples[1].Path, imgio.Range{Lo: 0, Hi: 1}, 64)
	if err != nil {
		t.Fatal(err)
	}
	for i, data := range [][]byte{image, overlay} {
		p, err := imgio.Decode(data, "picture.jpg", imgio.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if p.W != 32 || slices.Max(p.Pix) < 240 || slices.Min(p.Pix) > 60 {
			t.Errorf("picture %d: %d px, values %d to %d", i, p.W, slices.Min(p.Pix), slices.Max(p.Pix))
		}
	}
	if _, _, err := m.Pictures("none.png", imgio.Range{Hi: 1}, 64); err == nil {
		t.Error("a picture of no image")
	}

	if err := os.WriteFile(mask, []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	c.Job.Start, c.Job.Out = workertest.Start(workertest.Fault{Open: "abort"}), filepath.Join(dir, "none")
	if _, err := Run(t.Context(), c); !errors.Is(err, imgio.ErrFormat) {
		t.Errorf("an unreadable mask: %v", err)
	}
	if _, err := os.Stat(c.Job.Out); err == nil {
		t.Error("an unreadable mask: the run began")
	}
}
