package modeltest

import (
	"context"
	"errors"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Run runs g once on the device; a missing adapter fails the test. Inputs and
// outputs are by name.
func Run(t *testing.T, g *graph.Graph, s graph.Store, in map[string]*kernels.Array) map[string]*kernels.Array {
	t.Helper()
	out, err := run(g, s, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func run(g *graph.Graph, s graph.Store, in map[string]*kernels.Array) (out map[string]*kernels.Array, err error) {
	ctx := context.Background()
	limits := gpu.DefaultLimits()
	dev, err := gpu.Open(ctx, gpu.Options{Limits: &limits})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	plan, err := g.Plan(graph.DeviceLimits(dev))
	if err != nil {
		return nil, err
	}
	params := graph.NewParams(dev)
	defer func() { err = errors.Join(err, params.Close()) }()
	if err := params.Load(ctx, g, s, nil); err != nil {
		return nil, err
	}
	e, err := plan.Load(ctx, dev, params, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	for name, a := range in {
		if err := e.Write(name, a.Bytes()); err != nil {
			return nil, err
		}
	}
	if err := e.Submit(); err != nil {
		return nil, err
	}
	out = map[string]*kernels.Array{}
	for name, tensor := range g.Outputs() {
		data, err := e.Read(ctx, name)
		if err != nil {
			return nil, err
		}
		out[name] = kernels.NewArray(tensor)
		out[name].SetBytes(data)
	}
	return out, nil
}

// Reference runs g in float64 on the CPU.
func Reference(t *testing.T, g *graph.Graph, s graph.Store, in map[string]*kernels.Array) map[string]*kernels.Array {
	t.Helper()
	ref, err := g.Reference(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	out, err := ref.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
