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
// operation on the device.
func TestConform(t *testing.T) {
	dev := open(t)
	const randomShapes, seed = 20, 1
	for _, e := range kernels.Table() {
		t.Run(e.Name, func(t *testing.T) {
			for i, c := range Cases(e, randomShapes, seed) {
				if work(c) > largest() {
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

// work is the size of a case: its arithmetic or the bytes it moves.
func work(c kernels.Case) float64 { return max(c.Flops, traffic(c)) }
