package plugin_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/drdc-dev/drdc/host/internal/plugin"
	"github.com/drdc-dev/drdc/runtime/fusion"
)

// rulePage runs every module on the stack of /stack.json and keeps the bytes of heatmap and score.
const rulePage = `<!doctype html><meta charset=utf-8><title>rules</title>
<script type="module">
import {fuse} from './rule.js';
const results = {};
try {
  const {image, maps, names} = await (await fetch('stack.json')).json();
  for (const m of maps) m.pixels = new Float32Array(Uint8Array.from(atob(m.pixels), c => c.charCodeAt(0)).buffer);
  for (const name of names) {
    const module = await WebAssembly.compileStreaming(fetch(name + '.wasm'));
    const r = await fuse(module, image, maps);
    const all = new Float32Array([...r.heatmap, r.score]);
    results[name] = btoa(Array.from(new Uint8Array(all.buffer), b => String.fromCharCode(b)).join(''));
  }
} catch (e) { results.error = String(e.stack || e); }
window.results = results;
document.title = 'done';
</script>`

// TestBrowser runs every prebuilt module in headless Chromium with wasm/abi/rule.js, and natively: the bytes must agree.
func TestBrowser(t *testing.T) {
	if !*nightly {
		t.Log("only with -args -nightly: needs Chromium")
		return
	}
	names := []string{"paper-go", "paper-c", "paper-rust", "trimmed-mean-c", "border-mask-as", "cell-weights-rust", "maximum-wat", "mean-c"}
	s := stack(11, 61, 47, 8, true)
	text, err := json.Marshal(map[string]any{"names": names, "maps": browserMaps(s), "image": map[string]any{
		"width": s.W, "height": s.H, "sourceWidth": 0, "sourceHeight": 0, "meanFilter": 21, "refined": float32(0.9), "base": float32(1 - 0.9),
		"shift": 0, "className": "", "params": [][]string{},
	}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch name := filepath.Base(r.URL.Path); {
		case r.URL.Path == "/":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, rulePage)
		case name == "stack.json":
			w.Write(text)
		case name == "rule.js":
			w.Header().Set("Content-Type", "text/javascript")
			http.ServeFile(w, r, "../../../wasm/abi/rule.js")
		default:
			w.Header().Set("Content-Type", "application/wasm")
			http.ServeFile(w, r, filepath.Join(prebuilt, name))
		}
	}))
	defer server.Close()

	alloc, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))...)
	defer stop()
	ctx, stop := chromedp.NewContext(alloc)
	defer stop()
	ctx, stop = context.WithTimeout(ctx, 2*time.Minute)
	defer stop()
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL)); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](`document.title === 'done'`, chromedp.WithPollingTimeout(0), chromedp.WithPollingInterval(100*time.Millisecond))); err != nil {
		t.Fatal(err)
	}
	results, err := chromedp.Run(ctx, chromedp.Evaluate[map[string]string]("results"))
	if err != nil {
		t.Fatal(err)
	}
	if results["error"] != "" {
		t.Fatal(results["error"])
	}
	for _, name := range names {
		want, err := newRule(t, open(t, read(t, prebuilt, name), plugin.Options{}), plugin.RuleOptions{Config: fusion.Default()}).Fuse(t.Context(), s)
		if err != nil {
			t.Fatal(name, err)
		}
		data, err := base64.StdEncoding.DecodeString(results[name])
		if err != nil || len(data) != 4*(s.W*s.H+1) {
			t.Fatalf("%s: %d bytes, %v", name, len(data), err)
		}
		got := &fusion.Fused{Heatmap: make([]float32, s.W*s.H)}
		value := func(i int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])) }
		for i := range got.Heatmap {
			got.Heatmap[i] = value(i)
		}
		got.Score = float64(value(s.W * s.H))
		if err := sameBits(got, want); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	figure(t, "%d modules in Chromium and natively: the same bytes", len(names))
}

// browserMaps are the maps as rulePage reads them.
func browserMaps(s *fusion.Stack) []map[string]any {
	var list []map[string]any
	for m, pixels := range plugin.Maps(s) {
		var data []byte
		for _, v := range pixels {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
		list = append(list, map[string]any{"kind": m.Kind, "timestep": m.Timestep, "cell": m.Cell, "scale": m.Scale, "pixels": data})
	}
	return list
}
