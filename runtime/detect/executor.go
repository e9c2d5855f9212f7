package detect

import (
	"cmp"
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
	Submit(ctx context.Context) error
	// Read returns the padded values of an output.
	Read(ctx context.Context, name string) ([]float32, error)
	// Finite wraps graph.ErrNonFinite when a checkpoint of the last replay found a NaN
	// or Inf.
	Finite(ctx context.Context) error
	Close() error
}

// onDevice runs a graph on a device.
type onDevice struct {
	*graph.Exec
	beat    func()
	timings func([]gpu.Timing) // not nil: every dispatch is timed
	// pace is a small output that is read behind every submission, "" for none.
	pace string
}

// paceOf is the smallest output of g. A device that may take seconds for a step is
// waited for, so that a beat says that it made a step, and a cancelled image does not
// leave the others queued. Discrete GPUs get the whole image at once.
func paceOf(dev *gpu.Device, g *graph.Graph) string {
	if dev.Adapter().Type == gpu.Discrete {
		return ""
	}
	outputs := g.Outputs()
	return slices.MinFunc(slices.Sorted(maps.Keys(outputs)), func(a, b string) int {
		return cmp.Compare(outputs[a].Bytes(), outputs[b].Bytes())
	})
}

func (e onDevice) Submit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if e.timings != nil {
		ts, err := e.Profile(ctx)
		if e.timings(ts); err != nil {
			return err
		}
	} else if err := e.Exec.Submit(); err != nil {
		return err
	}
	if e.pace != "" {
		if _, err := e.Exec.Read(ctx, e.pace); err != nil {
			return err
		}
	}
	if e.beat != nil {
		e.beat()
	}
	return nil
}

func (e onDevice) Read(ctx context.Context, name string) ([]float32, error) {
	data, err := e.Exec.Read(ctx, name)
	return kernels.Decode32(data), err
}

// onCPU runs a graph with the references of the kernels.
type onCPU struct {
	graph     *graph.Graph
	reference *graph.Reference
	in, out   map[string]*kernels.Array
	beat      func()
}

func newOnCPU(ctx context.Context, g *graph.Graph, s graph.Store, beat func()) (executor, error) {
	r, err := g.Reference(ctx, s)
	if err != nil {
		return nil, err
	}
	e := &onCPU{graph: g, reference: r, in: map[string]*kernels.Array{}, beat: beat}
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

func (e *onCPU) Submit(ctx context.Context) (err error) {
	e.out, err = e.reference.Run(ctx, e.in)
	if e.beat != nil {
		e.beat()
	}
	return err
}

func (e *onCPU) Read(_ context.Context, name string) ([]float32, error) {
	a := e.out[name]
	if a == nil {
		return nil, fmt.Errorf("no output %q", name)
	}
	v := make([]float32, len(a.Data))
	for i, x := range a.Data {
		v[i] = float32(x)
	}
	return v, nil
}

func (e *onCPU) Finite(context.Context) error {
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
