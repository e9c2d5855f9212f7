package detect

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// executor runs one graph: on a device, or on the CPU.
type executor interface {
	Write(name string, data []byte) error
	// Submit replays the graph once. The fence is passed when the replay is done; nil
	// says that it is.
	Submit(ctx context.Context) (*gpu.Fence, error)
	// StartRead copies an output as the replays submitted so far make it.
	StartRead(name string) (readback, error)
	Close() error
}

// readback is the copy of an output; one of its methods is called, once.
type readback interface {
	// Wait returns the padded values. It wraps graph.ErrNonFinite when a checkpoint of
	// the last replay found a NaN or Inf.
	Wait(ctx context.Context) ([]float32, error)
	Discard()
}

// onDevice runs a graph on a device.
type onDevice struct {
	*graph.Exec
	dev     *gpu.Device
	timings func([]gpu.Timing) // not nil: every dispatch is timed
}

func (e onDevice) Submit(ctx context.Context) (*gpu.Fence, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if e.timings != nil {
		ts, err := e.Profile(ctx)
		e.timings(ts)
		return nil, err
	}
	if err := e.Exec.Submit(); err != nil {
		return nil, err
	}
	return e.dev.Fence()
}

func (e onDevice) StartRead(name string) (readback, error) {
	r, err := e.Exec.StartRead(name)
	if err != nil {
		return nil, err
	}
	return fromDevice{r}, nil
}

type fromDevice struct{ *graph.Readback }

func (r fromDevice) Wait(ctx context.Context) ([]float32, error) {
	data, err := r.Readback.Wait(ctx)
	if err != nil {
		return nil, err
	}
	return kernels.Decode32(data[0]), nil
}

// onCPU runs a graph with the references of the kernels.
type onCPU struct {
	graph     *graph.Graph
	reference *graph.Reference
	in, out   map[string]*kernels.Array
}

func newOnCPU(ctx context.Context, g *graph.Graph, s graph.Store) (executor, error) {
	r, err := g.Reference(ctx, s)
	if err != nil {
		return nil, err
	}
	e := &onCPU{graph: g, reference: r, in: map[string]*kernels.Array{}}
	for name, t := range g.Inputs() {
		e.in[name] = kernels.NewArray(t)
	}
	return e, nil
}

func (e *onCPU) Write(name string, data []byte) error {
	a := e.in[name]
	if a == nil {
		return fmt.Errorf("no input %q", name)
	}
	if len(data) != a.Tensor.Bytes() {
		return fmt.Errorf("input %q: %w: %d bytes, %v has %d", name, kernels.ErrShape, len(data), a.Tensor, a.Tensor.Bytes())
	}
	a.SetBytes(data)
	return nil
}

func (e *onCPU) Submit(ctx context.Context) (_ *gpu.Fence, err error) {
	e.out, err = e.reference.Run(ctx, e.in)
	return nil, err
}

func (e *onCPU) StartRead(name string) (readback, error) {
	a := e.out[name]
	if a == nil {
		return nil, fmt.Errorf("no output %q", name)
	}
	v := make([]float32, len(a.Data))
	for i, x := range a.Data {
		v[i] = float32(x)
	}
	return fromCPU{v, e.finite()}, nil
}

func (e *onCPU) finite() error {
	var bad []string
	for _, name := range slices.Sorted(maps.Keys(e.out)) {
		if check, ok := strings.CutPrefix(name, "finite: "); ok && e.out[name].Data[0] > 0 {
			bad = append(bad, check)
		}
	}
	if bad != nil {
		return fmt.Errorf("%s: %w", strings.Join(bad, ", "), graph.ErrNonFinite)
	}
	return nil
}

func (e *onCPU) Close() error { return nil }

type fromCPU struct {
	values []float32
	err    error
}

func (r fromCPU) Wait(context.Context) ([]float32, error) { return r.values, r.err }
func (r fromCPU) Discard()                                {}
