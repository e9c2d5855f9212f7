package conform

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
)

var results []Result
var adapter string

func TestMain(m *testing.M) {
	code := m.Run()
	if len(results) > 0 {
		Summary(os.Stdout, adapter, results)
	}
	os.Exit(code)
}

// open opens the best adapter with the limits that every WebGPU device has.
func open(t *testing.T) *gpu.Device {
	t.Helper()
	limits := gpu.DefaultLimits()
	dev, err := gpu.Open(context.Background(), gpu.Options{Limits: &limits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
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
