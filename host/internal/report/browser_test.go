package report

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image/color"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/result"
	"github.com/drdc-dev/drdc/testdata/chromium"
)

// screenshots is a folder to write pictures of the page to, for people to look at.
var screenshots = flag.String("screenshots", "", "write screenshots of the page to this folder")

// sample is a folder with a page of n rows, one of them failed, and its preview.
func sample(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	img, err := imgio.NewRGB(360, 270)
	if err != nil {
		t.Fatal(err)
	}
	for i := range img.Pix {
		c := color.RGBA{R: uint8(i / 3 % 360 / 2), G: 90, B: uint8(i / 3 / 360)}
		img.Pix[i] = []uint8{c.R, c.G, c.B}[i%3]
	}
	var jpeg bytes.Buffer
	if err := imgio.EncodeJPEG(&jpeg, img, 80); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "p.jpg"), jpeg.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	var rows []result.Row
	var pictures []Pictures
	for i := range n {
		r := row(fmt.Sprintf("photos/%s/%05d.png", []string{"good", "scratch", "dent"}[i%3], i), 0.3+0.4*math.Abs(math.Sin(float64(i*i))))
		r.Class = []string{"cable", "pill"}[i%2]
		p := Pictures{"p.jpg", "p.jpg", "p.jpg"}
		if i == 7 {
			r, p = result.Row{Path: r.Path, Error: "imgio: corrupt file: the JPEG ends after 3 of 40 blocks"}, Pictures{}
		}
		rows, pictures = append(rows, r), append(pictures, p)
	}
	threshold := 0.5
	var page bytes.Buffer
	run := Run{Title: "photos", Model: "model.drdc", Digest: strings.Repeat("9f1c2b7e", 8), Rule: "paper", Threshold: &threshold,
		Settings: []byte(`{"timesteps":[250,225,200],"cells":[16],"alpha":0.9}`)}
	if err := Page(&page, run, rows, pictures, os.DirFS(dir).(interface{ ReadFile(string) ([]byte, error) }).ReadFile); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "index.html")
	if err := os.WriteFile(name, page.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return (&url.URL{Scheme: "file", Path: name}).String()
}

// TestBrowser opens the page in headless Chromium, small and with 10,000 rows, on
// a wide and on a narrow screen, and uses it.
func TestBrowser(t *testing.T) {
	for _, n := range []int{46, 10_000} {
		for _, width := range []int64{1360, 360} {
			t.Run(fmt.Sprintf("%d rows, %d px", n, width), func(t *testing.T) {
				ctx, end := chromium.Start(t.Context(), 5*time.Minute)
				defer end()
				usePage(t, ctx, sample(t, n), n, width)
			})
		}
	}
}

func usePage(t *testing.T, ctx context.Context, address string, n int, width int64) {
	t.Helper()
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	shot := func(name string) {
		t.Helper()
		if *screenshots == "" {
			return
		}
		png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*screenshots, fmt.Sprintf("%s-%d-%d.png", name, n, width)), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// holds waits for an expression to become true.
	holds := func(what, expression string) {
		t.Helper()
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(60*time.Second), chromedp.WithPollingInterval(20*time.Millisecond)))
		if err != nil {
			t.Errorf("%s: %s does not hold: %v", what, expression, err)
		}
	}
	key := func(k string) chromedp.Action[chromedp.Void] {
		return script(fmt.Sprintf(`document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: %q, bubbles: true, cancelable: true}))`, k))
	}
	start := time.Now()
	do(chromedp.EmulateViewport(width, 900), chromedp.Navigate(address))
	holds("table", fmt.Sprintf(`document.getElementById("table").getAttribute("aria-rowcount") === "%d"`, n+1))
	t.Logf("the page with %d rows opened in %v", n, time.Since(start).Round(time.Millisecond))
	holds("few rows exist", `document.querySelectorAll("tr.row").length > 3 && document.querySelectorAll("tr.row").length < 60`)
	holds("nothing is wider than the screen", `document.documentElement.scrollWidth <= innerWidth`)
	holds("highest score first", `document.querySelector("tr.row .badge, tr.row .meter").className.includes("a")`)
	holds("pictures load", `[...document.querySelectorAll("tr.row img")].some(i => i.complete && i.naturalWidth === 360)`)
	holds("histogram", `document.querySelectorAll("#histogram rect.a, #histogram rect.n").length > 5`)
	shot("page")

	do(script(`document.querySelector("#filters [data-key=f]").click()`))
	holds("one failed image", `document.querySelectorAll("tr.row").length === 1 && document.querySelector("tr.row .why").textContent.includes("corrupt")`)
	do(script(`document.querySelector("tr.row").click()`))
	holds("its error is shown", `document.getElementById("viewer").open && !document.getElementById("v-error").hidden`)
	do(script(`document.getElementById("v-close").click(); document.querySelector("#filters [data-key=all]").click()`))
	do(script(`{ const s = document.getElementById("search"); s.value = "dent/"; s.dispatchEvent(new Event("input")); }`))
	holds("search", fmt.Sprintf(`document.getElementById("table").getAttribute("aria-rowcount") === "%d"`, n/3+1))
	do(script(`{ const s = document.getElementById("search"); s.value = ""; s.dispatchEvent(new Event("input")); }`))
	do(script(`document.querySelector("th.c-path button").click()`))
	holds("sorted by path", `document.querySelector("th.c-path").getAttribute("aria-sort") === "ascending" && document.querySelector("tr.row").getAttribute("aria-label").startsWith("photos/dent/00002")`)
	do(script(`document.querySelector("tr.row").focus()`), key("End"))
	holds("the last row", fmt.Sprintf(`document.activeElement.dataset.i === "%d" && document.activeElement.getBoundingClientRect().bottom <= innerHeight + 1`, n-1))
	do(key("Enter"))
	holds("the viewer", fmt.Sprintf(`document.getElementById("viewer").open && document.getElementById("v-place").textContent === "%s of %[1]s"`, thousands(n)))
	holds("its pictures", `["v-image", "v-overlay"].every(i => document.getElementById(i).naturalWidth === 360)`)
	holds("the viewer fits", `document.getElementById("viewer").getBoundingClientRect().right <= document.documentElement.clientWidth + 1 && document.getElementById("viewer").scrollWidth <= document.getElementById("viewer").clientWidth`)
	shot("viewer")
	do(key("ArrowLeft"))
	holds("the image before", fmt.Sprintf(`document.getElementById("v-place").textContent.startsWith("%s ")`, thousands(n-1)))
	do(key("w"))
	holds("wipe", `document.getElementById("v-overlay").style.clipPath.startsWith("inset(0") && !document.getElementById("v-wipe").hidden`)
	shot("wipe")
	do(script(`document.getElementById("v-close").click()`))
	holds("the row has the focus again", fmt.Sprintf(`!document.getElementById("viewer").open && document.activeElement.dataset.i === "%d"`, n-2))
	do(script(`document.getElementById("theme").click(); scrollTo(0, 0)`))
	shot("other-theme")
}

func script(expression string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void]("(() => {" + expression + "})()")
}

// thousands writes a number as the page does.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}
