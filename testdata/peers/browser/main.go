//go:build !js

// Command browser times one U-Net in drdc and in ONNX Runtime Web on one page of
// headless Chromium, in turns, and compares both with PyTorch. `make bench-web` builds
// what it serves and runs it from the root of the repository.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/drdc-dev/drdc/weights"
	"github.com/drdc-dev/drdc/weights/safetensors"
)

const limit = 1e-4 // of the relative L2 error

// result is what one runtime cost; seconds by the clock, and of the processors.
type result struct {
	Name      string  `json:"name"`
	Load      float64 `json:"load_s"`
	First     float64 `json:"first_s"`
	Best      float64 `json:"best_s"`
	Processor float64 `json:"processor_s"`
	Error     float64 `json:"error"` // relative L2 to PyTorch in float64
	MaxAbs    float64 `json:"max_abs"`
	Right     bool    `json:"right"`
}

func main() {
	log.SetFlags(0)
	folder := flag.String("folder", "build/peers/64", "holds the network's files")
	rounds := flag.Int("rounds", 2, "timed passes of each, in turns, after the first")
	bound := flag.Duration("limit", time.Hour, "for all of it")
	flag.Parse()
	if *rounds < 1 {
		log.Fatal("browser: -rounds wants 1 or more")
	}
	if err := run(*folder, *rounds, *bound); err != nil {
		log.Fatal("browser: ", err)
	}
}

func run(folder string, rounds int, bound time.Duration) error {
	want, err := output(filepath.Join(folder, "eps.safetensors"))
	if err != nil {
		return err
	}
	gflop, err := operations(filepath.Join(folder, "macs"))
	if err != nil {
		return err
	}
	server := httptest.NewServer(site(folder))
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
	ctx, stop = context.WithTimeout(ctx, bound)
	defer stop()
	if err := chromedp.Do(ctx, chromedp.Navigate(server.URL)); err != nil {
		return err
	}
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](`document.title === 'ready'`, chromedp.WithPollingTimeout(time.Minute))); err != nil {
		return fmt.Errorf("the page is not ready: %w", err)
	}
	p := page{ctx, want}
	results, err := p.measure([]string{"drdc", "wasm", "webgpu-nhwc", "webgpu-nchw"}, rounds)
	if err != nil {
		return err
	}
	return report(filepath.Join(filepath.Dir(folder), "web-"+filepath.Base(folder)+".json"), results, gflop)
}

// site serves the page, the programs and the network. Its headers let the page use
// threads.
func site(folder string) http.Handler {
	build := filepath.Dir(folder)
	source := filepath.Join("testdata", "peers")
	files := http.NewServeMux()
	for name, path := range map[string]string{
		"/{$}":             filepath.Join(source, "browser", "page.html"),
		"/safetensors.mjs": filepath.Join(source, "safetensors.mjs"),
		"/wasm_exec.js":    filepath.Join(build, "wasm_exec.js"),
		"/pass.wasm":       filepath.Join(build, "pass.wasm"),
		"/unet.drdc":       filepath.Join(folder, "unet.drdc"),
		"/unet.onnx":       filepath.Join(folder, "unet.onnx"),
		"/in.safetensors":  filepath.Join(folder, "in.safetensors"),
	} {
		files.HandleFunc(name, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, path) })
	}
	files.Handle("/ort/", http.StripPrefix("/ort/", http.FileServer(http.Dir(filepath.Join(build, "node_modules", "onnxruntime-web", "dist")))))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		w.Header().Set("Cross-Origin-Embedder-Policy", "require-corp")
		if strings.HasSuffix(r.URL.Path, "js") { // the system's table may lack .mjs
			w.Header().Set("Content-Type", "text/javascript")
		}
		files.ServeHTTP(w, r)
	})
}

// page is an open page.
type page struct {
	ctx  context.Context
	want []float32
}

// measure loads the runtimes and lets them pass in turns.
func (p page) measure(names []string, rounds int) ([]result, error) {
	results := make([]result, len(names))
	for i, name := range names {
		loaded, _, err := p.call("load", name)
		if err != nil {
			return nil, err
		}
		first, used, err := p.call("pass", name)
		if err != nil {
			return nil, err
		}
		log.Printf("%s: loaded in %.1f s, first pass %.1f s (%.2f s of processors)", name, loaded.Seconds, first.Seconds, used)
		results[i] = result{Name: name, Load: loaded.Seconds, First: first.Seconds, Best: math.Inf(1), Processor: math.Inf(1)}
	}
	for n := range rounds {
		for i, name := range names {
			a, used, err := p.call("pass", name)
			if err != nil {
				return nil, err
			}
			log.Printf("round %d of %d: %s %.2f s (%.2f s of processors)", n+1, rounds, name, a.Seconds, used)
			r := &results[i]
			r.Best, r.Processor = min(r.Best, a.Seconds), min(r.Processor, used)
			if r.Error, r.MaxAbs, err = distance(a.Eps, p.want); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			r.Right = r.Error <= limit
		}
	}
	return results, nil
}

// answer is what the page's functions promise.
type answer struct {
	Seconds float64   `json:"seconds"`
	Eps     []float32 `json:"eps"`
}

// call runs a function of the page and counts the seconds of the processors that the
// browser uses for it.
func (p page) call(function, name string) (a answer, used float64, err error) {
	browser := chromedp.FromContext(p.ctx).Browser.Process().Pid
	before := processors(browser)
	a, err = chromedp.Run(p.ctx, chromedp.Evaluate[answer](fmt.Sprintf("%s(%q)", function, name), chromedp.EvalAwaitPromise))
	if err != nil {
		return a, 0, fmt.Errorf("%s %s: %w", function, name, err)
	}
	return a, processors(browser) - before, nil
}

// processors adds up the time of a process and all below it, as Linux counts it in
// hundredths of a second.
func processors(root int) float64 {
	ticks, parent := map[int]float64{}, map[int]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is sound
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		parent[pid], _ = strconv.Atoi(fields[1])
		for _, f := range fields[11:13] {
			n, _ := strconv.ParseFloat(f, 64)
			ticks[pid] += n
		}
	}
	sum := 0.0
	for pid, n := range ticks {
		for at := pid; at > 1; at = parent[at] {
			if at == root {
				sum += n / 100
				break
			}
		}
	}
	return sum
}

func distance(got, want []float32) (relative, greatest float64, err error) {
	if len(got) != len(want) {
		return 0, 0, fmt.Errorf("%d values, want %d", len(got), len(want))
	}
	var num, den float64
	for i, w := range want {
		d := math.Abs(float64(got[i]) - float64(w))
		num, den, greatest = num+d*d, den+float64(w)*float64(w), max(greatest, d)
	}
	return math.Sqrt(num / den), greatest, nil
}

func output(path string) ([]float32, error) {
	arrays, _, err := safetensors.Load(path)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(arrays, func(a weights.Array) bool { return a.Name == "eps" })
	if i < 0 {
		return nil, fmt.Errorf("%s: no tensor \"eps\"", path)
	}
	return arrays[i].Float32()
}

func operations(path string) (gflop float64, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	macs, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	return 2e-9 * macs, err
}

func report(path string, results []result, gflop float64) error {
	fmt.Printf("U-Net of %.1f GMAC in headless Chromium, WebGPU on SwiftShader, %s\n", gflop/2, time.Now().Format(time.DateOnly))
	fmt.Printf("%-14s%9s%9s%9s%8s%8s%9s%9s%9s%9s\n", "", "best s", "proc. s", "GFLOP/s", "x drdc", "x proc.", "load s", "first s", "rel. L2", "max abs")
	for _, r := range results {
		wrong := ""
		if !r.Right {
			wrong = "  WRONG"
		}
		fmt.Printf("%-14s%9.3f%9.2f%9.1f%8.2f%8.2f%9.1f%9.1f%9.1e%9.1e%s\n", r.Name, r.Best, r.Processor, gflop/r.Best,
			r.Best/results[0].Best, r.Processor/results[0].Processor, r.Load, r.First, r.Error, r.MaxAbs, wrong)
	}
	text, err := json.MarshalIndent(results, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return err
	}
	fmt.Println(path)
	if !results[0].Right {
		return fmt.Errorf("drdc is wrong: relative L2 error %.3g, want at most %g", results[0].Error, limit)
	}
	return nil
}
