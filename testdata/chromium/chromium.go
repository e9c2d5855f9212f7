// Package chromium starts headless Chromium for tests, and builds Go programs that run
// in it.
package chromium

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// WebGPU has Chromium run WebGPU on SwiftShader, for machines without a GPU.
var WebGPU = []chromedp.ExecAllocatorOption{
	chromedp.Flag("enable-unsafe-webgpu", true), chromedp.Flag("use-webgpu-adapter", "swiftshader"), chromedp.Flag("disable-gpu", false),
}

// Start starts a browser and opens a tab. chromedp.NewContext opens more tabs of the
// same browser. The browser ends after limit, or when end is called.
func Start(ctx context.Context, limit time.Duration, options ...chromedp.ExecAllocatorOption) (tab context.Context, end func()) {
	all := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	alloc, endAll := chromedp.NewExecAllocator(ctx, append(all, options...)...)
	tab, endTab := chromedp.NewContext(alloc)
	tab, endLimit := context.WithTimeout(tab, limit)
	return tab, func() {
		endLimit()
		endTab()
		endAll()
	}
}

// Build runs the go command for js/wasm: "build" or "test -c" with what is to be built.
func Build(to string, args ...string) error {
	build := exec.Command("go", append(args[:len(args)-1:len(args)-1], "-o", to, args[len(args)-1])...)
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("chromium: build for js/wasm: %w\n%s", err, out)
	}
	return nil
}

// Glue is the folder with wasm_exec.js, which starts a program that Build built.
func Glue() (string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("chromium: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm"), nil
}

// page runs a test program; %s is what its page does first, and %q its arguments.
const page = `<!doctype html><meta charset=utf-8><title>tests</title>
<script src="wasm_exec.js"></script>
<script type="module">
globalThis.lines = [];
for (const f of ['log', 'error', 'warn']) console[f] = (...a) => lines.push(a.join(' '));
try {
  %s
  const go = new Go();
  go.argv = ['tests', ...%q.split(' ')];
  go.exit = code => { document.title = 'exit ' + code; };
  const {instance} = await WebAssembly.instantiateStreaming(fetch('tests.wasm'), go.importObject);
  await go.run(instance);
} catch (e) {
  console.error(String(e));
  document.title = 'exit 99';
}
</script>`

// Tests builds the tests of the package in this folder for js/wasm and runs them in a
// tab. args are their flags, before is JavaScript of their page, folders have other files
// that it may fetch. It returns what the tests print, and an error unless they pass.
func Tests(tab context.Context, args, before string, folders ...string) (lines []string, err error) {
	dir, err := os.MkdirTemp("", "drdc-tests-")
	if err != nil {
		return nil, fmt.Errorf("chromium: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := Build(filepath.Join(dir, "tests.wasm"), "test", "-c", "."); err != nil {
		return nil, err
	}
	glue, err := Glue()
	if err != nil {
		return nil, err
	}
	folders = append([]string{dir, glue}, folders...)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, page, before, args)
			return
		}
		for _, folder := range folders {
			name := filepath.Join(folder, filepath.Base(r.URL.Path))
			if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
				http.ServeFile(w, r, name)
				return
			}
		}
		http.NotFound(w, r)
	}))
	defer server.Close()
	if err := chromedp.Do(tab, chromedp.Navigate(server.URL)); err != nil {
		return nil, fmt.Errorf("chromium: %w", err)
	}
	if _, err := chromedp.Run(tab, chromedp.Poll[bool](`document.title.startsWith('exit')`, chromedp.WithPollingTimeout(0), chromedp.WithPollingInterval(200*time.Millisecond))); err != nil {
		return nil, fmt.Errorf("chromium: the tests do not end: %w", err)
	}
	title, err := chromedp.Run(tab, chromedp.Title())
	if err != nil {
		return nil, fmt.Errorf("chromium: %w", err)
	}
	if lines, err = chromedp.Run(tab, chromedp.Evaluate[[]string]("lines")); err != nil {
		return nil, fmt.Errorf("chromium: %w", err)
	}
	if title != "exit 0" {
		return lines, fmt.Errorf("chromium: the tests ended with %s:\n%s", title, strings.Join(lines, "\n"))
	}
	return lines, nil
}
