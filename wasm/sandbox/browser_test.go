//go:build !js

package sandbox

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

// page runs this package's own test program, built for js/wasm.
const page = `<!doctype html><meta charset=utf-8><title>sandbox</title>
<script src="wasm_exec.js"></script>
<script type="module">
import {Sandbox} from './sandbox.js';
globalThis.Sandbox = Sandbox;
globalThis.lines = [];
for (const f of ['log', 'error', 'warn']) console[f] = (...a) => lines.push(a.join(' '));
try {
  const go = new Go();
  go.argv = ['sandbox', '-test.v'];
  go.exit = code => { document.title = 'exit ' + code; };
  const {instance} = await WebAssembly.instantiateStreaming(fetch('sandbox.wasm'), go.importObject);
  await go.run(instance);
} catch (e) {
  console.error(String(e));
  document.title = 'exit 99';
}
</script>`

// TestBrowser runs the tests of rule_js_test.go in headless Chromium.
func TestBrowser(t *testing.T) {
	dir := t.TempDir()
	build := exec.Command("go", "test", "-c", "-o", filepath.Join(dir, "sandbox.wasm"), ".")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build for js/wasm: %v\n%s", err, out)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	folders := []http.Dir{
		http.Dir(dir), ".", "../plugins/prebuilt", "../../testdata/attacks/plugins", http.Dir(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm")),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, page)
			return
		}
		for _, folder := range folders {
			if name := filepath.Join(string(folder), filepath.Base(r.URL.Path)); filepath.Ext(name) != "" {
				if _, err := os.Stat(name); err == nil {
					http.ServeFile(w, r, name)
					return
				}
			}
		}
		http.NotFound(w, r)
	}))
	defer server.Close()

	alloc, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))...)
	defer stop()
	ctx, stop := chromedp.NewContext(alloc)
	defer stop()
	ctx, stop = context.WithTimeout(ctx, 5*time.Minute)
	defer stop()
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL)); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](`document.title.startsWith('exit')`, chromedp.WithPollingTimeout(0), chromedp.WithPollingInterval(100*time.Millisecond))); err != nil {
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
	if text := strings.Join(log, "\n"); title != "exit 0" || strings.Count(text, "--- PASS: ") != 3 {
		t.Errorf("the tests ended with %q:\n%s", title, text)
	}
}
