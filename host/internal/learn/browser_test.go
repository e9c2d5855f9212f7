package learn

import (
	"bytes"
	"context"
	"flag"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/train"
	"github.com/drdc-dev/drdc/testdata/chromium"
)

// screenshots is a folder to write pictures of the page to, for people to look at.
var screenshots = flag.String("screenshots", "", "write screenshots of the page to this folder")

// TestBrowser opens the page in headless Chromium and uses it.
func TestBrowser(t *testing.T) {
	var png bytes.Buffer
	img, err := imgio.NewRGB(64, 64)
	if err == nil {
		for i := range img.Pix {
			img.Pix[i] = uint8(3 * i)
		}
		err = imgio.EncodePNG(&png, img)
	}
	if err != nil {
		t.Fatal(err)
	}
	var rows []Picture
	for _, title := range []string{"bolt: 001.png, cells of 8 px", "wood: 007.png, cells of 4 px"} {
		row := Picture{Title: title}
		for _, c := range strings.Fields("image condition noised predicted error noised predicted error noised predicted error") {
			row.Cells = append(row.Cells, Cell{c, png.Bytes()})
		}
		rows = append(rows, row)
	}
	var all []Record
	for i := range 5000 {
		all = append(all, Record{Step: i + 1, Epoch: float64(i+1) / 250, Loss: 0.02 + math.Exp(-float64(i)/300)*(1+0.3*math.Sin(float64(i*i))), Norm: 0.5, LR: 1e-4, Seconds: float64(i)})
	}
	cost := &train.Cost{Forward: 2, Step: 6.5, Clock: "processor", Kernels: []train.KernelRow{
		{Phase: "backward", Kernel: "convweight", Dispatches: 12, Seconds: 4, Share: 0.625, GFLOPS: 3.14},
		{Phase: "update", Kernel: "adamw", Dispatches: 30, Seconds: 2.4, Share: 0.375},
	}}
	name := filepath.Join(t.TempDir(), "page.html")
	if err := writePage(name, "refiner of model", `{"part":"refiner","batch":16,"adamw":{"LR":1e-4}}`, all, rows, cost); err != nil {
		t.Fatal(err)
	}
	ctx, end := chromium.Start(t.Context(), 5*time.Minute)
	defer end()
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	const labels, curves = `[...document.querySelectorAll("#chart text")].map(e => e.textContent).join(" ")`, `document.querySelectorAll("#chart path").length`
	do(chromedp.EmulateViewport(1200, 1000), chromedp.Navigate((&url.URL{Scheme: "file", Path: name}).String()))
	lead, ticks := ask[string](t, ctx, `document.getElementById("lead").textContent`), ask[string](t, ctx, labels)
	both := ask[int](t, ctx, curves)
	pictures := ask[int](t, ctx, `[...document.images].filter(i => i.naturalWidth === 64).length`)
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	do(click("log"), click("raw"))
	linear, smooth := ask[string](t, ctx, labels), ask[int](t, ctx, curves)
	read := ask[string](t, ctx, `(() => {
		const s = document.querySelector("svg"), b = s.getBoundingClientRect();
		s.dispatchEvent(new PointerEvent("pointermove", {clientX: b.right - 5, clientY: b.top + 50}));
		return document.getElementById("read").textContent;
	})()`)
	settings := ask[string](t, ctx, `document.getElementById("settings").textContent`)
	costs := ask[string](t, ctx, `document.getElementById("cost-sum").textContent`)
	kernels := ask[string](t, ctx, `[...document.querySelectorAll("#kernels tr")].map(r => [...r.cells].map(c => c.textContent).join(" ")).join("; ")`)
	hidden := ask[bool](t, ctx, `document.getElementById("cost").hidden`)
	do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => { d.open = true; })`))
	do(chromedp.EmulateViewport(360, 800))
	wide := ask[bool](t, ctx, `document.documentElement.scrollWidth > 360`)
	if *screenshots != "" {
		if err := os.WriteFile(filepath.Join(*screenshots, "training.png"), shot, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if lead != "5,000 steps, 20 epochs in 83 min" {
		t.Errorf("lead %q", lead)
	}
	if ticks != "0.05 0.1 0.2 0.5 1 1,000 2,000 3,000 4,000 5,000" {
		t.Errorf("logarithmic ticks %q", ticks)
	}
	if linear != "0.5 1 1,000 2,000 3,000 4,000 5,000" {
		t.Errorf("linear ticks %q", linear)
	}
	if both != 2 || smooth != 1 || pictures != 22 {
		t.Errorf("%d curves, %d without the unsmoothed one, %d pictures; want 2, 1 and 22", both, smooth, pictures)
	}
	if read != "step 5,000, epoch 20: loss 0.02, smoothed 0.02, gradient 0.5, learning rate 1.00e-4" {
		t.Errorf("reading %q", read)
	}
	if settings != `adamw.LR1e-4batch16part"refiner"` {
		t.Errorf("settings %q", settings)
	}
	if costs != "6.5 s of processor time, 3.25 forward passes" || kernels != "backward convweight 12 4000.00 62.5% 3.1; update adamw 30 2400.00 37.5% " || hidden {
		t.Errorf("cost %q, kernels %q, hidden %v", costs, kernels, hidden)
	}
	if wide {
		t.Error("the page scrolls sideways on a narrow screen")
	}
}

func ask[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func click(id string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](`document.getElementById("` + id + `").click()`)
}
