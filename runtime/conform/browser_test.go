//go:build !js

package conform

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The page runs this package's own test program, built for js/wasm.
const page = `<!doctype html><meta charset=utf-8><title>conform</title>
<script src="wasm_exec.js"></script>
<script>
const lines = [];
for (const f of ['log', 'error', 'warn']) console[f] = (...a) => lines.push(a.join(' '));
(async () => {
  const go = new Go();
  go.argv = ['conform', '-test.v', '-test.run=^TestConform$'];
  go.exit = code => { document.title = 'exit ' + code; };
  const {instance} = await WebAssembly.instantiateStreaming(fetch('conform.wasm'), go.importObject);
  await go.run(instance);
})().catch(e => { console.error(String(e)); document.title = 'exit 99'; });
</script>`

// TestBrowser compiles the conformance suite for js/wasm and runs it in headless
// Chromium with WebGPU on SwiftShader, under WebGPU's default limits: every
// shader variant compiles there and gives the reference's numbers.
func TestBrowser(t *testing.T) {
	dir := t.TempDir()
	build := exec.Command("go", "test", "-c", "-o", filepath.Join(dir, "conform.wasm"), ".")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build for js/wasm: %v\n%s", err, out)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	glue, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, page)
		case "/wasm_exec.js":
			w.Header().Set("Content-Type", "text/javascript")
			w.Write(glue)
		case "/conform.wasm":
			w.Header().Set("Content-Type", "application/wasm")
			http.ServeFile(w, r, filepath.Join(dir, "conform.wasm"))
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()

	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox,
		chromedp.Flag("enable-unsafe-webgpu", true),
		chromedp.Flag("use-webgpu-adapter", "swiftshader"),
		chromedp.Flag("disable-gpu", false),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	ctx, stop := chromedp.NewContext(alloc)
	defer stop()
	ctx, stop = context.WithTimeout(ctx, 10*time.Minute)
	defer stop()

	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL)); err != nil {
		t.Fatal(err)
	}
	_, err = chromedp.Run(ctx, chromedp.Poll[bool](`document.title.startsWith('exit')`,
		chromedp.WithPollingTimeout(0), chromedp.WithPollingInterval(200*time.Millisecond)))
	if err != nil {
		t.Fatal(err)
	}
	title, err := chromedp.Run(ctx, chromedp.Title())
	if err != nil {
		t.Fatal(err)
	}
	log, err := chromedp.Run(ctx, chromedp.Evaluate[[]string]("lines"))
	if err != nil {
		t.Fatal(err)
	}
	operations := false
	for _, line := range log {
		if strings.HasPrefix(line, "conform: ") {
			browserSummary = append(browserSummary, strings.Replace(line, "conform: ", "conform (browser): ", 1))
			operations = operations || strings.Contains(line, " operations, ")
		}
	}
	if title != "exit 0" || !operations {
		t.Errorf("the suite ended with %q:\n%s", title, strings.Join(log, "\n"))
	}
}
