package report

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/drdc-dev/drdc/runtime/eval"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/testdata/chromium"
)

// sampleEval is an evaluation of three classes, of which the last has no defects.
func sampleEval(t *testing.T) Eval {
	t.Helper()
	img, err := imgio.NewRGB(240, 180)
	if err != nil {
		t.Fatal(err)
	}
	for i := range img.Pix {
		img.Pix[i] = uint8(60 + i/3%240/2)
	}
	var jpeg bytes.Buffer
	if err := imgio.EncodeJPEG(&jpeg, img, 80); err != nil {
		t.Fatal(err)
	}
	threshold := 0.9
	e := Eval{
		Title: "Evaluation of <parts>", Data: []string{"data/parts"}, Model: "model.drdc", Digest: strings.Repeat("9f1c2b7e", 8),
		Adapter: "llvmpipe (vulkan, cpu)", Rule: "paper", Settings: []byte(`{"timesteps":[250,225],"alpha":0.9}`), Threshold: &threshold,
		PROLimit: 0.3, Seconds: 812.25, Compared: "Ablation", Notes: []string{"one trained model makes all rows"},
		LeftOut: []EvalLeftOut{{"data/parts/pill/test/good/017.png", "imgio: corrupt file"}},
	}
	r := rand.New(rand.NewPCG(1, 2))
	var classes []*eval.Class
	for k, name := range []string{"cable_with_a_long_name", "pill", "screw"} {
		c, err := eval.NewCollector(name, 20, 20)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 40 {
			in := eval.Image{Path: fmt.Sprintf("data/parts/%s/test/kind/%03d.png", name, i), Anomalous: i >= 15 && k < 2, Map: make([]float32, 400), Truth: make([]uint8, 400)}
			for p := range in.Map {
				in.Map[p] = r.Float32()
				if in.Anomalous && p%20 > 12 && p/20 > 14 {
					in.Truth[p] = 1
					in.Map[p] += 0.5
				}
			}
			in.Score = float32(0.5 + 0.3*r.NormFloat64())
			if in.Anomalous {
				in.Defect = "scratch"
				in.Score += 0.8
			}
			if err := c.Add(in); err != nil {
				t.Fatal(err)
			}
		}
		class, err := c.Finish(eval.DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		classes = append(classes, class)
		p := EvalClass{Name: name, Images: class.Images, Metrics: class.Metrics, ImageCurve: EvalCurve(class.ImageCurve), PixelCurve: EvalCurve(class.PixelCurve), FalseAlarms: []EvalCase{}, Misses: []EvalCase{}}
		if k == 0 {
			own := 1.0
			p.Threshold = &own
		}
		for _, s := range class.Scores {
			label := 0.0
			if s.Anomalous {
				label = 1
			}
			p.Scores = append(p.Scores, [2]float64{float64(s.Score), label})
		}
		add := func(to *[]EvalCase, scores []eval.Score) {
			for i, s := range scores {
				*to = append(*to, EvalCase{s.Path, s.Defect, float64(s.Score), 1 / float64(i+1), DataURL(jpeg.Bytes()), DataURL(jpeg.Bytes())})
			}
		}
		add(&p.FalseAlarms, class.FalseAlarms(4))
		add(&p.Misses, class.Misses(4))
		e.Classes = append(e.Classes, p)
	}
	e.Mean = eval.NewReport(classes...).Mean
	for _, name := range []string{"base alone", "test-time conditioning only, no fusion", "whole method"} {
		e.Comparison = append(e.Comparison, EvalRow{name, e.Mean})
	}
	return e
}

// TestEvalBrowser opens the page in headless Chromium on a wide and on a narrow
// screen, and uses it.
func TestEvalBrowser(t *testing.T) {
	var page bytes.Buffer
	if err := EvalPage(&page, sampleEval(t)); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"http://", "https://", "<parts>"} {
		// The namespace of SVG is a name, no address.
		if text := strings.ReplaceAll(page.String(), "http://www.w3.org/2000/svg", ""); strings.Contains(text, word) {
			t.Errorf("the page contains %q", word)
		}
	}
	name := filepath.Join(t.TempDir(), "eval.html")
	if err := os.WriteFile(name, page.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, width := range []int64{1360, 360} {
		t.Run(fmt.Sprint(width, " px"), func(t *testing.T) {
			ctx, end := chromium.Start(t.Context(), 5*time.Minute)
			defer end()
			useEvalPage(t, ctx, (&url.URL{Scheme: "file", Path: name}).String(), width)
		})
	}
}

func useEvalPage(t *testing.T, ctx context.Context, address string, width int64) {
	t.Helper()
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(what, expression string) {
		t.Helper()
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(60*time.Second), chromedp.WithPollingInterval(20*time.Millisecond)))
		if err != nil {
			t.Errorf("%s: %s does not hold: %v", what, expression, err)
		}
	}
	shot := func(name string) {
		t.Helper()
		if *screenshots == "" {
			return
		}
		png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*screenshots, fmt.Sprintf("%s-%d.png", name, width)), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	fits := `document.documentElement.scrollWidth <= innerWidth`
	do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(address))
	holds("title", `document.getElementById("title").textContent === "Evaluation of <parts>"`)
	holds("a row for each class and the mean", `document.querySelectorAll("#classes tbody tr").length === 4 && document.querySelector("#classes .strong").textContent.startsWith("mean")`)
	holds("a class without defects has dashes", `[...document.querySelectorAll("#classes tbody tr")][2].textContent.includes("–")`)
	holds("all curves", `document.querySelectorAll("#charts svg").length === 6 && document.querySelectorAll("#charts path.other").length === 10`)
	holds("nothing is wider than the screen", fits)
	holds("pictures load", `[...document.querySelectorAll(".case img")].slice(0, 2).every(i => i.complete && i.naturalWidth === 240)`)
	holds("worst of all classes", `document.querySelectorAll("#alarms .case").length === 9 && document.querySelectorAll("#misses .case").length === 8`)
	holds("ablation", `!document.getElementById("compared").hidden && document.querySelectorAll("#comparison tbody tr").length === 3`)
	holds("left out", `!document.getElementById("left-out").hidden && document.getElementById("left").textContent.includes("017.png")`)
	holds("no request", `performance.getEntriesByType("resource").length === 0`)
	shot("eval")
	do(script(`{ const s = document.getElementById("class"); s.value = "0"; s.dispatchEvent(new Event("change")); }`))
	holds("the class's curve", `document.querySelectorAll("#charts path.mine").length === 5 && document.querySelectorAll("#charts path.other").length === 5`)
	holds("its own threshold", `document.querySelector("#charts .cut-label").textContent === "threshold 1"`)
	holds("its cases", `document.querySelectorAll("#alarms .case").length === 4 && document.querySelectorAll("#misses .case").length === 4`)
	do(script(`{ const s = document.querySelector("#charts svg"), b = s.getBoundingClientRect(); s.dispatchEvent(new PointerEvent("pointermove", {clientX: b.left + b.width / 2})); }`))
	holds("a point is read out", `document.querySelector("#charts .read").textContent.startsWith("recall ")`)
	do(script(`document.getElementById("theme").click()`))
	shot("eval-dark-class")
	do(script(`{ const s = document.getElementById("class"); s.value = "2"; s.dispatchEvent(new Event("change")); }`))
	holds("no curves without defects", `document.querySelectorAll("#charts path.mine").length === 0 && document.querySelector("#charts .read").textContent.startsWith("No ground truth")`)
	holds("no misses either", `document.querySelector("#misses .empty") !== null`)
	holds("it still fits", fits)
}

func TestShort(t *testing.T) {
	for in, want := range map[float64]float64{0: 0, 1.23456789: 1.23457, -0.000123456789: -0.000123457, 1e300: 1e300, 123456789: 123457000, 5e-324: 5e-324} {
		if got := short(in); math.Abs(got-want) > 1e-12*math.Abs(want) {
			t.Errorf("%g: %g, want %g", in, got, want)
		}
	}
}
