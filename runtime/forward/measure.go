package forward

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model"
)

// Measurement is what one pass of a network costs on a device. Times are in seconds.
type Measurement struct {
	GFLOP  float64      `json:"gflop"` // of a pass, multiply-adds counted as two, in direct-convolution operations
	Memory graph.Memory `json:"memory"`
	Error  *float64     `json:"error"` // relative L2 of the output to the float64 reference; null where not asked for

	Load    float64 `json:"load_s"`    // reading, packing and uploading the parameters
	Compile float64 `json:"compile_s"` // pipelines, buffers and the recording
	First   float64 `json:"first_s"`   // the first pass
	Best    float64 `json:"best_s"`    // the fastest of the warm passes
	Median  float64 `json:"median_s"`  // and the one in the middle

	Device float64 `json:"device_s"` // time in kernels of one more pass, each of them timed
	// Idle is the share of that pass in which no kernel ran. Timing costs some itself: it
	// is an upper bound of the idle share of a pass that is not timed.
	Idle    float64  `json:"idle"`
	Kernels []Kernel `json:"kernels"` // the longest first
}

// Kernel is the time of a pass in the dispatches of one operation and shader.
type Kernel struct {
	Op      string  `json:"op"`
	Shader  string  `json:"shader"`
	Count   int     `json:"count"`
	Seconds float64 `json:"seconds"`
	Share   float64 `json:"share"`  // of Device
	GFLOPS  float64 `json:"gflops"` // of the operation with all its shaders; 0 where they are not counted
}

// MeasureOptions says what is measured.
type MeasureOptions struct {
	Images int  // noisy images of a pass, from 1
	Size   int  // pixels of their sides
	Half   bool // the device stores the weights of convolutions as half floats
	Passes int  // warm ones, from 1
	Check  bool // compare with the reference: minutes for a large network
}

// Measure times the U-Net of r with the parameters of s on dev: images of standard
// normal noise at the model index 249. A result that is far from the reference is an
// error: nothing wrong is timed.
func Measure(ctx context.Context, dev *gpu.Device, r model.Refiner, s graph.Store, o MeasureOptions) (m Measurement, err error) {
	g := graph.New()
	x := kernels.Float(o.Images, o.Size, o.Size, 3)
	weights := kernels.F32
	if o.Half {
		weights = kernels.F16
	}
	g.Output("eps", r.Eval(g, weights, g.Input("t", kernels.Float(1, 1, 1, 1)), g.Input("noisy", x), g.Input("condition", x)))
	plan, err := g.Plan(graph.DeviceLimits(dev))
	if err != nil {
		return m, err
	}
	m.Memory = plan.Memory()
	flops := plan.Flops()
	for _, f := range flops {
		m.GFLOP += f / 1e9
	}
	start := time.Now()
	lap := func() float64 {
		d := time.Since(start)
		start = start.Add(d)
		return d.Seconds()
	}
	params := graph.NewParams(dev)
	defer func() { err = errors.Join(err, params.Close()) }()
	if err := params.Load(ctx, g, s, nil); err != nil {
		return m, err
	}
	m.Load = lap()
	exec, err := plan.Load(ctx, dev, params, nil)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, exec.Close()) }()
	m.Compile = lap()
	in := noise(g.Inputs())
	for name, a := range in {
		if err := exec.Write(name, a.Bytes()); err != nil {
			return m, err
		}
	}
	var eps []byte
	pass := func() (float64, error) {
		start := time.Now()
		if err := exec.Submit(); err != nil {
			return 0, err
		}
		var err error
		eps, err = exec.Read(ctx, "eps")
		return time.Since(start).Seconds(), err
	}
	if m.First, err = pass(); err != nil {
		return m, err
	}
	if o.Check {
		if m.Error, err = check(ctx, g, s, in, eps); err != nil {
			return m, err
		}
	}
	var times []float64
	for range o.Passes {
		t, err := pass()
		if err != nil {
			return m, err
		}
		times = append(times, t)
	}
	slices.Sort(times)
	m.Best, m.Median = times[0], times[len(times)/2]
	lap()
	timings, err := exec.Profile(ctx)
	if err != nil {
		return m, err
	}
	wall := lap()
	m.Kernels = byKernel(timings, flops)
	for _, k := range m.Kernels {
		m.Device += k.Seconds
	}
	for i := range m.Kernels {
		m.Kernels[i].Share = m.Kernels[i].Seconds / m.Device
	}
	m.Idle = max(0, 1-m.Device/wall)
	return m, nil
}

// noise fills the inputs.
func noise(tensors map[string]kernels.Tensor) map[string]*kernels.Array {
	random := rand.New(rand.NewPCG(1, 1))
	in := map[string]*kernels.Array{}
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		a := kernels.NewArray(tensors[name])
		for p := range a.Shape.Pixels() {
			row := a.Row(p)
			for c := range row {
				if row[c] = random.NormFloat64(); name == "t" {
					row[c] = 249
				}
			}
		}
		a.Round()
		in[name] = a
	}
	return in
}

// worst is the relative L2 error that Measure takes for a wrong result.
const worst = 1e-4

// check is the relative L2 error of the output.
func check(ctx context.Context, g *graph.Graph, s graph.Store, in map[string]*kernels.Array, eps []byte) (*float64, error) {
	r, err := g.Reference(ctx, s)
	if err != nil {
		return nil, err
	}
	out, err := r.Run(ctx, in)
	if err != nil {
		return nil, err
	}
	got, want := kernels.NewArray(out["eps"].Tensor), out["eps"]
	got.SetBytes(eps)
	var num, den float64
	for i, w := range want.Data {
		d := got.Data[i] - w
		num, den = num+d*d, den+w*w
	}
	e := math.Sqrt(num / den)
	if !(e <= worst) {
		return nil, fmt.Errorf("forward: relative L2 error %.3g to the reference, want at most %g", e, worst)
	}
	return &e, nil
}

// byKernel sums the times of dispatches; flops are those of the operations.
func byKernel(timings []gpu.Timing, flops map[string]float64) []Kernel {
	rows := map[[2]string]Kernel{}
	seconds := map[string]float64{}
	for _, t := range timings {
		// A label is "path: operation shader[settings]".
		op, shader, _ := strings.Cut(t.Label[strings.LastIndex(t.Label, ": ")+2:], " ")
		shader, _, _ = strings.Cut(shader, "[")
		k := rows[[2]string{op, shader}]
		rows[[2]string{op, shader}] = Kernel{Op: op, Shader: shader, Count: k.Count + 1, Seconds: k.Seconds + t.Seconds}
		seconds[op] += t.Seconds
	}
	list := slices.Collect(maps.Values(rows))
	for i, k := range list {
		list[i].GFLOPS = flops[k.Op] / seconds[k.Op] / 1e9
	}
	slices.SortFunc(list, func(a, b Kernel) int {
		return cmp.Or(cmp.Compare(b.Seconds, a.Seconds), strings.Compare(a.Op, b.Op), strings.Compare(a.Shader, b.Shader))
	})
	return list
}
