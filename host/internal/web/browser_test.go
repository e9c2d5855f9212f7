package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/drdc-dev/drdc/host/internal/plugin"
	"github.com/drdc-dev/drdc/runtime/detect"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/runtime/result"
	"github.com/drdc-dev/drdc/testdata/chromium"
	"github.com/drdc-dev/drdc/testdata/demo"
	"github.com/drdc-dev/drdc/wasm/browser/page"
	"github.com/drdc-dev/drdc/weights"
)

// program builds the program of the page as `make build` does.
var program = sync.OnceValues(func() (fs.FS, error) {
	dir, err := os.MkdirTemp("", "drdc-page-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	to := filepath.Join(dir, "program.wasm")
	if err := chromium.Build(to, "build", "-trimpath", "-ldflags", "-s -w", "../../../wasm/browser"); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(to)
	if err != nil {
		return nil, err
	}
	packed, err := pack(data)
	if err != nil {
		return nil, err
	}
	folder, err := chromium.Glue()
	if err != nil {
		return nil, err
	}
	glue, err := os.ReadFile(filepath.Join(folder, "wasm_exec.js"))
	return fstest.MapFS{"program.wasm.gz": {Data: packed}, "wasm_exec.js": {Data: glue}}, err
})

func newSite(t *testing.T, models ...string) *Site {
	t.Helper()
	p, err := program()
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSite(Config{Program: p, Models: models})
	if err != nil {
		t.Fatal(err)
	}
	s.amend(t, "", map[string]string{"worker.js": worker, "page.js": observer})
	return s
}

// amend writes a text behind all scripts of the page, and others in front of some.
func (s *Site) amend(t *testing.T, behind string, front map[string]string) {
	t.Helper()
	add := func(name string, data []byte) {
		if err := s.add(name, data); err != nil {
			t.Fatal(err)
		}
	}
	for name, f := range s.files {
		if path.Ext(name) == ".js" && path.Dir(name) == "." && name != "sw.js" {
			add(name, []byte(front[name]+string(f.data)+behind))
		}
	}
	blank, err := page.Files.ReadFile("sw.js")
	if err != nil {
		t.Fatal(err)
	}
	add("sw.js", blank)
	if err := s.addWorker(Config{}); err != nil {
		t.Fatal(err)
	}
}

// worker stands in front of worker.js. By a message on the channel "device" it destroys
// the device that was opened last, as a driver that is reset does: behind the next
// "step", or from then on "always".
const worker = `{
  const request = GPUAdapter.prototype.requestDevice, post = self.postMessage;
  let device, when = 'never';
  GPUAdapter.prototype.requestDevice = async function (...args) {
    device = await request.apply(this, args);
    if (when === 'lost') device.destroy();
    return device;
  };
  self.postMessage = (message, ...rest) => {
    post.call(self, message, ...rest);
    if (message.event !== 'step' || when === 'never' || when === 'lost') return;
    when = when === 'always' ? 'lost' : 'never';
    device.destroy();
  };
  new BroadcastChannel('device').onmessage = e => { when = e.data; };
}
`

// observer stands in front of page.js: it lists the times for which the page stood still.
const observer = `self.blocked = [];
new PerformanceObserver(list => { for (const e of list.getEntries()) self.blocked.push([Math.round(e.startTime), e.duration]); }).observe({type: 'longtask', buffered: true});
`

// server serves a site, and counts requests.
type server struct {
	*http.Server
	url   string
	hosts []string
	mu    sync.Mutex
	site  http.Handler
	seen  map[string]int
}

func serveSite(t *testing.T, s *Site, hosts []string) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v := &server{url: "http://" + l.Addr().String() + "/", hosts: hosts, site: s.Handler(hosts), seen: map[string]int{}}
	v.Server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.mu.Lock()
		v.seen[r.URL.Path]++
		site := v.site
		v.mu.Unlock()
		site.ServeHTTP(w, r)
	})}
	go v.Serve(l)
	t.Cleanup(func() { v.Close() })
	return v
}

// change serves another site from now on.
func (v *server) change(s *Site) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.site = s.Handler(v.hosts)
}

func (v *server) count(path string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.seen[path]
}

// patience is for a busy machine; an idle one needs seconds for what takes longest.
const patience = 10 * time.Minute

// tab is a page in headless Chromium.
type tab struct {
	*testing.T
	ctx context.Context
}

// shot takes a picture of the page, if asked to.
func (p tab) shot(name string) {
	p.Helper()
	if *screenshots == "" {
		return
	}
	// Transitions and the pictures of the list come to rest.
	p.do(chromedp.Sleep(time.Second))
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o644); err != nil {
		p.Fatal(err)
	}
}

// figure is for people: it goes into the log and into the summary of `make test`.
func figure(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Logf(format, args...)
	figures = append(figures, fmt.Sprintf(format, args...))
}

var figures []string

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	for _, f := range figures {
		fmt.Println("web: " + f)
	}
	os.Exit(code)
}

// screenshots is a folder to write pictures of the page to, for people to look at.
var screenshots = flag.String("screenshots", "", "write screenshots of the page to this folder")

// all has every image of the demo looked at, in place of a good and a bad one of each class.
var all = flag.Bool("all", false, "compare all images of the demo")

// openTab starts a browser of its own.
func openTab(t *testing.T, options ...chromedp.ExecAllocatorOption) tab {
	t.Helper()
	ctx, end := chromium.Start(context.Background(), 30*time.Minute, options...)
	t.Cleanup(end)
	return tab{t, ctx}
}

// another opens a tab of the same browser.
func (p tab) another() tab {
	p.Helper()
	ctx, end := chromedp.NewContext(p.ctx)
	p.Cleanup(end)
	return tab{p.T, ctx}
}

func (p tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, actions...); err != nil {
		p.Fatal(err)
	}
}

// run runs statements in the page.
func (p tab) run(statements string) {
	p.Helper()
	p.do(chromedp.Evaluate[chromedp.Void]("(() => {" + statements + "})()"))
}

// holds waits until an expression is true.
func (p tab) holds(expression string) {
	p.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(patience), chromedp.WithPollingInterval(50*time.Millisecond)))
	if err != nil {
		p.Fatalf("%s does not hold: %v\n%s", expression, err, value[string](p, `document.body?.innerText ?? ""`))
	}
}

// value evaluates an expression.
func value[T any](p tab, expression string) T {
	p.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return v
}

// later runs statements that may wait and returns what they return, JSON.
func later[T any](p tab, statements string) (v T) {
	p.Helper()
	p.run(`self.outcome = null; (async () => {` + statements + `})().then(v => { self.outcome = JSON.stringify({v}); }, e => { self.outcome = JSON.stringify({error: String(e?.stack ?? e)}); })`)
	p.holds(`self.outcome !== null`)
	var o struct {
		V     T
		Error string
	}
	if err := json.Unmarshal([]byte(value[string](p, "self.outcome")), &o); err != nil {
		p.Fatal(err)
	}
	if o.Error != "" {
		p.Fatal(o.Error)
	}
	return o.V
}

const ready = `["empty", "bench"].includes(document.body.dataset.state) && performance.getEntriesByName("ready").length > 0`

const readyAt = `performance.getEntriesByName("ready")[0].startTime`

// marks are the stages of loading with their beginnings in milliseconds.
const marks = `performance.getEntriesByType("mark").map(m => m.name + " " + Math.round(m.startTime)).join(", ")`

// few are timesteps that leave time for other tests.
const few = "250, 100"

// TestBrowser opens the page in headless Chromium with WebGPU on SwiftShader and uses it.
func TestBrowser(t *testing.T) {
	site := newSite(t)
	sent := site.Sent("program.wasm")
	figure(t, "program: %.2f MB compressed, bar 3.5", float64(sent)/1e6)
	if sent > 3_500_000 {
		t.Errorf("the program has %d bytes compressed, bar 3,500,000", sent)
	}
	v := serveSite(t, site, nil)
	p := openTab(t, chromium.WebGPU...)
	p.do(chromedp.EmulateViewport(1360, 1000))
	traced := p.trace()
	p.do(chromedp.Navigate(v.url))
	// The first visit lasts until the browser has the page and the model.
	p.holds(`document.getElementById("loading-stage")?.textContent.includes("shaders")`)
	p.shot("loading")
	p.holds(`navigator.serviceWorker.controller !== null`)
	later[any](p, `while (!await caches.match("models/sha256/`+site.contents(t).Models[0].Digest+`")) await new Promise(f => setTimeout(f, 50))`)
	if n := v.count("/model.drdc"); n != 1 {
		t.Errorf("the first visit fetched the model %d times", n)
	}

	// From here on there is no server.
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	p.do(chromedp.Navigate(v.url))
	p.holds(ready)
	p.holds(`document.getElementById("facts").textContent.includes("cache")`)
	p.shot("empty")
	figure(t, "second visit, offline, model in the cache: ready after %.1f s (%s)", value[float64](p, readyAt)/1000, value[string](p, marks))

	u := &use{tab: p, raw: map[string][]byte{}}
	u.settings()
	u.batch()
	u.looks()
	blocked(p, traced())
}

// TestSmall uses a small model, which is quickly ready: it takes the device away, calls
// the API and runs a plugin.
func TestSmall(t *testing.T) {
	v := serveSite(t, newSite(t, smallModel(t)), nil)
	p := openTab(t, append(chromium.WebGPU[:len(chromium.WebGPU):len(chromium.WebGPU)], chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true))...)
	p.do(chromedp.EmulateViewport(1360, 1000))
	traced := p.trace()
	p.do(chromedp.Navigate(v.url))
	p.holds(ready)
	u := &use{tab: p}
	u.intercept()
	u.hands()
	u.lose()
	blocked(p, traced())
	// A page that has no detector of its own.
	p.do(chromedp.Navigate(v.url + "example.html"))
	u.api()
	u.plugin()
}

// smallModel writes a refiner of random weights.
func smallModel(t *testing.T) string {
	t.Helper()
	config := `{"image_size": 32, "threshold": 0.5,
		"refiner": {"model_channels": 32, "channel_mult": [1], "num_res_blocks": 1, "attention_ds": [], "num_head_channels": 32},
		"infer": {"timesteps": [250, 200, 150, 100], "cells": [8], "scales": [1, 2], "mean_filter": 5}}`
	c, err := model.Parse([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	sources, err := c.Tensors("refiner")
	if err != nil {
		t.Fatal(err)
	}
	var tensors []weights.Named
	for _, s := range sources {
		tensors = append(tensors, weights.Named{Name: "refiner." + s.Name, Shape: s.Shape, Data: model.Random{Seed: 1, Full: true}.Values(s)})
	}
	name := filepath.Join(t.TempDir(), "small.drdc")
	meta := weights.Meta{Config: json.RawMessage(config), Parts: map[string]weights.Part{"refiner": {Arch: "unet"}}}
	if _, err := weights.Write(name, meta, tensors); err != nil {
		t.Fatal(err)
	}
	return name
}

// use is a page that is used.
type use struct {
	tab
	rows []result.Row
	raw  map[string][]byte // the .npy file of each image
}

// settings changes some by the form, and one that has no meaning.
func (u *use) settings() {
	u.run(`document.getElementById("form").cells.value = "13"; document.getElementById("form").requestSubmit()`)
	u.holds(`document.getElementById("form-error").textContent.includes("13 does not divide the image size") && document.getElementById("loading").hidden`)
	u.holds(`document.getElementById("form").cells.value === "13"`)
	u.run(`const f = document.getElementById("form"); f.timesteps.value = "100, 250"; f.requestSubmit()`)
	u.holds(`document.getElementById("form-error").textContent.includes("below") && document.getElementById("form").timesteps.getAttribute("aria-invalid") === "true"`)
	u.run(`document.getElementById("form-reset").click()`)
	u.holds(`document.getElementById("form-error").textContent === "" && document.getElementById("loading").hidden`)
	u.run(`document.getElementById("form").timesteps.value = "` + few + `"; self.applied = performance.now(); document.getElementById("form").requestSubmit()`)
	u.holds(`document.getElementById("loading").hidden && document.getElementById("pill-text").textContent.startsWith("Ready")`)
	figure(u.T, "other timesteps: ready after %.1f s", value[float64](u.tab, "performance.now() - applied")/1000)
	u.intercept()
}

// intercept has what the page saves come to the test.
func (u *use) intercept() {
	u.run(`self.saved = []; URL.createObjectURL = (create => blob => { saved.push(blob); return create.call(URL, blob); })(URL.createObjectURL);
		HTMLAnchorElement.prototype.click = () => {}`)
}

// save clicks a button of the card "Save" and returns the file.
func (u *use) save(kind string) []byte {
	u.Helper()
	return u.blob(`saved.length = 0;
		document.querySelector("[data-kind=` + kind + `]").click();
		while (!saved.length) await new Promise(f => setTimeout(f, 5));
		return saved.pop();`)
}

// blob runs statements that return a promise of a Blob. The browser itself encodes it,
// so that the page's main thread does not.
func (u *use) blob(statements string) []byte {
	u.Helper()
	text := later[string](u.tab, `const blob = await (async () => {`+statements+`})();
		return new Promise(f => { const r = new FileReader(); r.onload = () => f(r.result); r.readAsDataURL(blob); })`)
	data, err := base64.StdEncoding.DecodeString(text[strings.IndexByte(text, ',')+1:])
	if err != nil {
		u.Fatal(err)
	}
	return data
}

// finished waits until no image waits.
func (u *use) finished() {
	u.Helper()
	u.holds(`document.querySelectorAll("#list li").length > 0 && [...document.querySelectorAll("#list .state")].every(e => /^[0-9.e+-]+$|failed/.test(e.textContent))`)
}

// choose shows an image of the list.
func (u *use) choose(i int) {
	u.Helper()
	u.run(fmt.Sprintf(`document.querySelectorAll("#list li")[%d].click()`, i))
	u.holds(fmt.Sprintf(`document.getElementById("h-name").textContent === document.querySelectorAll("#list li")[%d].title`, i))
}

// batch has the page look at the demo's images and compares with this machine.
func (u *use) batch() {
	count := len(plain(u.T).contents(u).Examples)
	if *all {
		u.run(`document.getElementById("example-all").click()`)
	} else {
		u.run(`for (const b of document.querySelectorAll("#example-list button")) b.click()`)
		count = value[int](u.tab, `document.querySelectorAll("#example-list button").length`)
	}
	u.holds(fmt.Sprintf(`document.querySelectorAll("#list li").length === %d`, count))
	u.finished()
	lines := u.save("jsonl")
	for line := range bytes.Lines(lines) {
		var r result.Row
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			u.Fatalf("%s: %v", line, err)
		}
		u.rows = append(u.rows, r)
	}
	var again bytes.Buffer
	if err := result.JSONL(&again, u.rows); err != nil {
		u.Fatal(err)
	}
	if !bytes.Equal(again.Bytes(), lines) {
		u.Errorf("the rows are\n%s\nthe command line writes them\n%s", lines, again.Bytes())
	}
	if len(u.rows) != count || count < 2 {
		u.Fatalf("%d rows, want %d and at least 2", len(u.rows), count)
	}
	want := native(u.tab, u.rows)
	threshold := middle(want)
	u.run(fmt.Sprintf(`const e = document.getElementById("threshold-number"); e.value = %g; e.dispatchEvent(new Event("input"))`, threshold))
	worst, seconds := 0.0, 0.0
	for i, r := range u.rows {
		w := want[r.Path]
		u.choose(i)
		u.raw[r.Path] = u.save("raw")
		h, err := imgio.ReadNPY(u.raw[r.Path], r.Path, imgio.DefaultLimits())
		if err != nil {
			u.Fatal(err)
		}
		difference := 0.0
		for j, v := range h.Val {
			difference = max(difference, math.Abs(float64(v-w.Heatmap.Val[j])))
		}
		span := float64(slices.Max(w.Heatmap.Val) - slices.Min(w.Heatmap.Val))
		worst, seconds = max(worst, difference/span), seconds+r.Seconds
		badge := value[string](u.tab, `document.getElementById("badge").textContent`)
		if want := map[bool]string{true: "Anomalous", false: "Normal"}[w.Score >= threshold]; badge != want {
			u.Errorf("%s: %s at score %g, natively %s at %g, threshold %g", r.Path, badge, r.Score, want, w.Score, threshold)
		}
	}
	figure(u.T, "raw maps of %d images: at most %.1e of their range from the native ones, bar 1e-3; verdicts equal; %.2f s an image", len(u.rows), worst, seconds/float64(len(u.rows)))
	if !(worst <= 1e-3) {
		u.Errorf("raw maps differ by %g of their range, bar 1e-3", worst)
	}
	u.files(threshold)
}

// files compares the files of the last image with those that the command line makes of
// the same map.
func (u *use) files(threshold float64) {
	r := u.rows[len(u.rows)-1]
	data, img := example(u.tab, r.Path)
	h, err := imgio.ReadNPY(u.raw[r.Path], r.Path, imgio.DefaultLimits())
	if err != nil {
		u.Fatal(err)
	}
	about := result.About{Model: r.Model, Rule: r.Rule, Settings: r.Settings, Threshold: &threshold}
	pictures, err := result.NewPictures(about, img, imgio.Digest(data), h, r.Score)
	if err != nil {
		u.Fatal(err)
	}
	for _, kind := range []string{"heatmap", "overlay", "mask", "raw"} {
		want, err := pictures.Encode(kind)
		if err != nil {
			u.Fatal(err)
		}
		if got := u.save(kind); !bytes.Equal(got, want) {
			u.Errorf("%s of %s: %d bytes, the command line makes other %d", kind, r.Path, len(got), len(want))
		}
	}
	var row result.Row
	if err := json.Unmarshal(u.save("json"), &row); err != nil || row.Threshold == nil || *row.Threshold != threshold || row.Anomalous == nil || *row.Anomalous != (row.Score >= threshold) {
		u.Errorf("row of %s: %+v, %v", r.Path, row, err)
	}
}

// looks uses views and keys, and takes pictures of the page.
func (u *use) looks() {
	highest := 0
	for i, r := range u.rows {
		if r.Score > u.rows[highest].Score {
			highest = i
		}
	}
	u.choose(highest)
	u.shot("batch")
	key := func(k string) {
		u.Helper()
		u.run(fmt.Sprintf(`document.body.dispatchEvent(new KeyboardEvent("keydown", {key: %q, bubbles: true, cancelable: true}))`, k))
	}
	key("h")
	u.holds(`getComputedStyle(document.getElementById("heat")).opacity === "1" && document.querySelector("[data-view=heatmap]").getAttribute("aria-pressed") === "true"`)
	u.painted(u.rows[highest].Path)
	u.shot("heatmap")
	key("w")
	u.holds(`document.getElementById("heat").style.clipPath.startsWith("inset") && !document.getElementById("divider").hidden`)
	u.shot("wipe")
	var settings result.Settings
	if err := json.Unmarshal(u.rows[0].Settings, &settings); err != nil {
		u.Fatal(err)
	}
	key(".")
	u.holds(fmt.Sprintf(`!document.getElementById("seen").hidden && document.querySelectorAll("#strip button").length === %d && document.getElementById("frame-text").textContent.includes("t = 250")`, len(settings.Timesteps)*len(settings.Cells)))
	u.shot("step")
	key("o")
	key("[")
	u.holds(`document.getElementById("seen").hidden && document.getElementById("heat").style.opacity === "0.7"`)
	key("ArrowLeft")
	u.holds(fmt.Sprintf(`document.getElementById("h-name").textContent === %q`, u.rows[max(highest-1, 0)].Path))
	key("?")
	u.holds(`document.getElementById("keys").open`)
	u.run(`document.getElementById("keys").close(); document.getElementById("theme").click(); document.getElementById("theme").click();`)
	u.choose(highest)
	u.run(`document.documentElement.dataset.theme = "dark"; document.getElementById("settings").open = true`)
	u.shot("dark")
	u.run(`document.documentElement.dataset.theme = "light"; document.getElementById("settings").open = false`)
	u.do(chromedp.EmulateViewport(360, 900))
	u.holds(`document.documentElement.scrollWidth <= innerWidth`)
	u.shot("phone")
	u.do(chromedp.EmulateViewport(1360, 1000))
	u.run(`document.getElementById("clear").click()`)
	u.holds(`document.body.dataset.state === "empty"`)
}

// painted compares the colours of the view "heatmap" with those of the command line, and
// looks for the line around what is above the threshold.
func (u *use) painted(name string) {
	u.Helper()
	h, err := imgio.ReadNPY(u.raw[name], name, imgio.DefaultLimits())
	if err != nil {
		u.Fatal(err)
	}
	threshold := value[float64](u.tab, `document.getElementById("threshold-number").valueAsNumber`)
	// Another thread paints. Without a clear pixel it is the view that was asked for last.
	u.holds(`(() => { const heat = document.getElementById("heat"), small = new OffscreenCanvas(16, 16).getContext("2d"); small.drawImage(heat, 0, 0, 16, 16);
		return !heat.hidden && small.getImageData(0, 0, 16, 16).data.every((v, i) => i % 4 < 3 || v === 255); })()`)
	got, err := imgio.Decode(u.blob(`const heat = document.getElementById("heat"), copy = new OffscreenCanvas(heat.width, heat.height);
		copy.getContext("2d").drawImage(heat, 0, 0); return copy.convertToBlob();`), "heat.png", imgio.DefaultLimits())
	if err != nil {
		u.Fatal(err)
	}
	k := got.W / h.W // odd: the middle of each square of k x k pixels has the map's own value
	if k%2 != 1 || got.W != k*h.W || got.H != k*h.H {
		u.Fatalf("the heatmap has %dx%d pixels for a map of %dx%d", got.W, got.H, h.W, h.H)
	}
	worst := 0
	for i, v := range h.Val {
		x, y := i%h.W*k+k/2, i/h.W*k+k/2
		r, g, b := imgio.Ember().At((float64(v) - threshold/2) / threshold)
		for c, want := range []uint8{r, g, b} {
			d := int(got.Pix[3*(y*got.W+x)+c]) - int(want)
			worst = max(worst, d, -d)
		}
	}
	if worst > 3 { // a step of the map at the edge of rounding
		u.Errorf("%s: colours of the heatmap differ by %d of 255 from the command line's", name, worst)
	}
	u.holds(`/^M[0-9.]+ [0-9.]+L/.test(document.querySelector("#line .core").getAttribute("d"))`)
}

// picture is an image of the demo, for JavaScript: a File.
func picture(p tab) string {
	data, _ := example(p, "bolt/good/000.png")
	return `new File([Uint8Array.from(atob("` + base64.StdEncoding.EncodeToString(data) + `"), c => c.charCodeAt(0))], "bolt.png", {type: "image/png"})`
}

// lose destroys the device while an image is worked on: once, and then each that comes.
func (u *use) lose() {
	paste := `const data = new DataTransfer(); data.items.add(` + picture(u.tab) + `); dispatchEvent(new ClipboardEvent("paste", {clipboardData: data}));`
	u.run(paste)
	u.finished()
	undisturbed := u.save("raw")

	u.run(`self.said = new Set(); new MutationObserver(() => said.add(document.getElementById("frame-text").textContent)).observe(document.getElementById("frame-text"), {childList: true})`)
	u.run(`new BroadcastChannel("device").postMessage("step");` + paste)
	u.finished()
	u.choose(1)
	u.shot("result")
	if said := value[string](u.tab, `[...said].join("; ")`); !strings.Contains(said, "The GPU was lost (1)") {
		u.Errorf("the page said nothing of the loss: %s", said)
	}
	if got := u.save("raw"); !bytes.Equal(got, undisturbed) {
		u.Errorf("%d other bytes after the loss of the device, want %d", len(got), len(undisturbed))
	}

	u.run(`new BroadcastChannel("device").postMessage("always");` + paste)
	u.finished()
	u.choose(2)
	u.holds(`document.getElementById("badge").textContent === "Failed" && document.getElementById("frame-text").textContent.includes("lost 4 times")`)
	u.shot("lost")
	u.run(`new BroadcastChannel("device").postMessage("never")`)
}

// open opens a detector in the page by the API.
const open = `const {Detector} = await import("./drdc.js"); const site = await (await fetch("site.json")).json();
	const open = options => Detector.open({model: site.models[0].file, settings: {timesteps: [250, 225, 200, 175, 150, 125]}, stack: true, ...options});
	const code = p => p.then(() => "", e => e.code);
`

// api uses drdc.js as a page of somebody else does.
func (u *use) api() {
	got := later[struct {
		Scores  []float64
		Adapter string
		Maps    int
		Origin  string
		Codes   []string
	}](u.tab, open+`const image = `+picture(u.tab)+`, d = await open(), stop = new AbortController();
		const first = await d.detect(image, {name: "a.png"}), second = await d.detect(await image.arrayBuffer());
		const codes = [await code(d.detect(new Blob(["no image"]))), await code(d.configure({sets: 0})), await code(d.configure({nonsense: 1})),
			await code(Detector.open({model: new Blob(["no model"])})), await code(Detector.open({model: "./nowhere.drdc"})),
			await code(d.detect(image, {signal: AbortSignal.abort()})),
			await code(d.detect(image, {signal: stop.signal, onStep: () => stop.abort()})), await code(d.detect(image))];
		self.detector = d; // the plugin's
		return {scores: [first.row.score, second.row.score], adapter: first.row.adapter, maps: first.stack.length, origin: d.info.origin, codes};`)
	if got.Scores[0] != got.Scores[1] || got.Adapter == "" || got.Maps != 12 || got.Origin != "cache" {
		u.Errorf("%+v", got)
	}
	if want := []string{"image", "settings", "settings", "model", "network", "stopped", "stopped", ""}; !slices.Equal(got.Codes, want) {
		u.Errorf("codes of errors: %q, want %q", got.Codes, want)
	}
}

// plugin fuses by a plugin in the page, and natively on the maps that the page gives.
func (u *use) plugin() {
	const file = "paper-c.wasm"
	module, err := os.ReadFile(filepath.Join("../../../wasm/plugins/prebuilt", file))
	if err != nil {
		u.Fatal(err)
	}
	got := later[struct {
		Row     result.Row
		Heatmap []byte // of float32
		Width   int
		Height  int
		Stack   []struct {
			Kind, Timestep, Cell, Scale int
			Pixels                      []byte // of float32
		}
		Bad string
	}](u.tab, open+`const text = f => btoa(Array.from(new Uint8Array(f.buffer, f.byteOffset, f.byteLength), b => String.fromCharCode(b)).join(""));
		const file = new File([Uint8Array.from(atob("`+base64.StdEncoding.EncodeToString(module)+`"), c => c.charCodeAt(0))], "`+file+`");
		const d = self.detector;
		await d.configure({timesteps: [200, 100]}, {plugin: file});
		const {row, heatmap, stack} = await d.detect(`+picture(u.tab)+`);
		const bad = await code(d.configure({}, {plugin: new File([new Uint8Array(100)], "bad.wasm")}));
		d.close();
		const closed = await code(d.detect(file));
		return {row, heatmap: text(heatmap.values), width: heatmap.width, height: heatmap.height, bad: bad + " " + closed, stack: stack.map(m => ({...m, pixels: text(m.pixels)}))};`)
	stack := &fusion.Stack{W: got.Width, H: got.Height}
	for _, m := range got.Stack {
		if val := floats(m.Pixels); m.Kind == 0 {
			stack.Base = val
		} else {
			stack.Maps = append(stack.Maps, fusion.Map{Timestep: m.Timestep, Cell: m.Cell, Scale: m.Scale, Val: val})
		}
	}
	var settings result.Settings
	if err := json.Unmarshal(got.Row.Settings, &settings); err != nil {
		u.Fatal(err)
	}
	p, err := plugin.Open(u.ctx, module, plugin.Options{})
	if err != nil {
		u.Fatal(err)
	}
	defer p.Close(u.ctx)
	rule, err := plugin.NewRule(p, plugin.RuleOptions{Name: file, Config: settings.Fusion})
	if err != nil {
		u.Fatal(err)
	}
	want, err := rule.Fuse(u.ctx, stack)
	if err != nil {
		u.Fatal(err)
	}
	if same := slices.Equal(floats(got.Heatmap), want.Heatmap); got.Row.Rule != rule.Name() || got.Row.Score != want.Score || !same || len(stack.Maps) != 4 {
		u.Errorf("%s: score %g of %d maps, natively %s: %g; the heatmaps are equal: %v", got.Row.Rule, got.Row.Score, len(stack.Maps), rule.Name(), want.Score, same)
	}
	if got.Bad != "rule closed" {
		u.Errorf("a plugin that is none, and a closed detector: codes %q, want rule closed", got.Bad)
	}
	figure(u.T, "plugin %s on %d maps: the same bytes as natively", file, len(got.Stack))
}

// floats reads little-endian float32.
func floats(b []byte) []float32 {
	f := make([]float32, len(b)/4)
	for i := range f {
		f[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return f
}

// judge makes bars of wall-clock time count.
var judge = flag.Bool("judge", false, "fail when the page stands still for more than 50 ms by the clock: for a machine that does nothing else")

// bar is how long the main thread may be busy without a pause, in milliseconds.
const bar = 50

// blocked reports for how long the page did not answer: by the long tasks that the page
// itself was told of since it was loaded, beginning and length, and by all tasks of the
// trace. V8's collector is not counted. By the clock that depends on what else the
// machine does; the processor's time is judged always.
func blocked(p tab, tasks []task) {
	most := func(of func(task) float64) task {
		return slices.MaxFunc(tasks, func(a, b task) int { return cmp.Compare(of(a), of(b)) })
	}
	longest, busiest := most(task.ownWall), most(task.ownProcessor)
	figure(p.T, "main thread: long tasks %v, the longest of all visits %.0f ms, with V8's collector %.0f, bar %d with -judge; the most of the processor %.0f ms, bar %[4]d always",
		value[[][2]float64](p, "self.blocked"), longest.ownWall(), tasks[0].wall, bar, busiest.ownProcessor())
	for _, t := range tasks[:min(len(tasks), 8)] {
		p.Log(t)
	}
	if busiest.ownProcessor() > bar {
		p.Errorf("the page took the processor for %v, bar %d ms", busiest, bar)
	}
	if *judge && longest.ownWall() > bar {
		p.Errorf("the page stood still for %v, bar %d ms", longest, bar)
	}
}

// TestNoWebGPU: the page says why it cannot work, without a GPU and over plain http from
// another machine.
func TestNoWebGPU(t *testing.T) {
	v := serveSite(t, newSite(t), []string{"drdc.test"})
	browser := openTab(t, chromedp.Flag("host-resolver-rules", "MAP drdc.test 127.0.0.1"))
	for _, test := range []struct{ url, title, says string }{
		{v.url, "WebGPU finds no GPU", "no adapter"},
		{strings.Replace(v.url, "127.0.0.1", "drdc.test", 1), "This browser cannot run the detector", "page from https or from localhost"},
	} {
		p := browser.another()
		p.do(chromedp.EmulateViewport(1360, 900), chromedp.Navigate(test.url))
		p.holds(`document.body.dataset.state === "failed"`)
		title, text := value[string](p, `document.getElementById("failure-title").textContent`), value[string](p, `document.getElementById("failure-text").textContent`)
		if title != test.title || !strings.Contains(strings.ToLower(text), test.says) || !value[bool](p, `!document.getElementById("failure").hidden`) {
			t.Errorf("%s: %q, %q, want %q, %q", test.url, title, text, test.title, test.says)
		}
		p.shot("no-webgpu-" + map[bool]string{true: "adapter", false: "http"}[test.url == v.url])
	}
}

// middle lies in the widest gap between scores around the median.
func middle(results map[string]*detect.Result) float64 {
	var scores []float64
	for _, r := range results {
		scores = append(scores, r.Score)
	}
	slices.Sort(scores)
	best := (len(scores) - 1) / 2
	for i := len(scores) / 4; i < 3*len(scores)/4; i++ {
		if scores[i+1]-scores[i] > scores[best+1]-scores[best] {
			best = i
		}
	}
	return (scores[best] + scores[best+1]) / 2
}

// example is an image of the demo, by its path in the page.
func example(p tab, name string) ([]byte, *imgio.RGB) {
	p.Helper()
	parts := strings.Split(name, "/")
	data, err := demo.Files.ReadFile(path.Join("images", parts[0], "test", parts[1], parts[2]))
	if err != nil {
		p.Fatal(err)
	}
	img, err := imgio.Decode(data, name, imgio.DefaultLimits())
	if err != nil {
		p.Fatal(err)
	}
	return data, img
}

// native looks at the demo's images of rows on this machine, with the same settings.
func native(p tab, rows []result.Row) map[string]*detect.Result {
	p.Helper()
	data, err := demo.Files.ReadFile("model.drdc")
	if err != nil {
		p.Fatal(err)
	}
	f, err := weights.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		p.Fatal(err)
	}
	m, err := detect.FromFile(f)
	if err != nil {
		p.Fatal(err)
	}
	var s result.Settings
	if err := json.Unmarshal(rows[0].Settings, &s); err != nil {
		p.Fatal(err)
	}
	dev, err := gpu.Open(p.ctx, gpu.Options{})
	if err != nil {
		p.Fatal(err)
	}
	defer dev.Close()
	d, err := detect.Open(p.ctx, dev, m, detect.Options{Infer: &s.Infer, NoRefine: !s.Refine})
	if err != nil {
		p.Fatal(err)
	}
	defer d.Close()
	found := map[string]*detect.Result{}
	for _, r := range rows {
		data, img := example(p, r.Path)
		if found[r.Path], err = d.Detect(p.ctx, img, imgio.Digest(data)); err != nil {
			p.Fatal(err)
		}
	}
	return found
}

// contents is site.json of a site.
func (s *Site) contents(t testing.TB) (c Contents) {
	t.Helper()
	if err := json.Unmarshal(s.files["site.json"].data, &c); err != nil {
		t.Fatal(err)
	}
	return c
}
