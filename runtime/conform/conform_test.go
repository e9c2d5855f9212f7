package conform

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
)

var (
	results        []Result
	adapter        string
	left           int      // cases that are too large to be computed in this run
	browserSummary []string // what the suite printed in the browser
)

// TestMain prints the summaries behind the tests.
func TestMain(m *testing.M) {
	code := m.Run()
	if len(results) > 0 {
		Summary(os.Stdout, adapter, results)
		if left > 0 {
			fmt.Printf("conform: %d cases of over %.0f MFLOP (or MB) are compiled only, 'make conform' computes them\n", left, largest()/1e6)
		}
	}
	for _, line := range browserSummary {
		fmt.Println(line)
	}
	os.Exit(code)
}

// large has the largest cases computed too, which takes a CPU adapter many minutes.
var large = flag.Bool("large", false, "compute every case, however large")

// Bounds of the cases that are computed, the others are compiled: with -short and in a browser, where the float64
// reference is single-threaded, and natively without -large.
const (
	browserFlops = 0.01e9
	nativeFlops  = 0.3e9
)

// Bounds for a browser, whose compiler of shaders takes a second for many a variant.
const (
	browserShapes = 6
	browserGroups = 4096 // workgroups of a dispatch
)

// largest bounds the cases of this run.
func largest() float64 {
	switch {
	case runtime.GOOS == "js" || testing.Short():
		return browserFlops
	case *large:
		return math.Inf(1)
	}
	return nativeFlops
}

// open opens the best adapter with the limits that every WebGPU device has.
func open(t *testing.T) *gpu.Device {
	t.Helper()
	limits := gpu.DefaultLimits()
	dev, err := gpu.Open(context.Background(), gpu.Options{Limits: &limits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	adapter = fmt.Sprintf("%s (%s, %s)", dev.Adapter().Name, dev.Adapter().Backend, dev.Adapter().Type)
	return dev
}

// TestConform runs every case of the kernel table and 20 random shapes of each
// operation on the device, 6 in a browser.
func TestConform(t *testing.T) {
	dev := open(t)
	randomShapes, seed := 20, uint64(1)
	if runtime.GOOS == "js" {
		randomShapes = browserShapes
	}
	for _, e := range kernels.Table() {
		t.Run(e.Name, func(t *testing.T) {
			for i, c := range Cases(e, randomShapes, seed) {
				if work(c) > largest() || runtime.GOOS == "js" && groups(dev, c) > browserGroups {
					left++
					if err := Compile(context.Background(), dev, c); err != nil {
						t.Errorf("%s: %v", c.Name, err)
					}
					continue
				}
				t.Run(c.Name, func(t *testing.T) {
					for _, res := range Case(context.Background(), dev, c, seed) {
						res.Op, res.Random = e.Name, i >= len(e.Cases)
						results = append(results, res)
						if res.Err != nil {
							t.Errorf("%s tiles, inputs %v, %+v: %v", res.Tiles, c.In, c.Op, res.Err)
						}
					}
				})
			}
		})
	}
}

// groups are the workgroups of the largest dispatch of a case.
func groups(dev *gpu.Device, c kernels.Case) (most int) {
	outs, err := c.Op.Infer(c.In)
	if err != nil {
		return 0 // which running the case reports
	}
	rec, err := c.Op.Record(graph.DeviceLimits(dev).Target, c.In, outs)
	if err != nil {
		return 0
	}
	for _, d := range rec.Steps {
		most = max(most, int(d.Groups[0])*int(d.Groups[1])*int(d.Groups[2]))
	}
	return most
}

// work is the size of a case: its arithmetic or the bytes it moves.
func work(c kernels.Case) float64 { return max(c.Flops, traffic(c)) }
