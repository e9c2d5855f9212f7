package forward

import (
	"context"
	"errors"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// evaluator computes the outputs of a graph.
type evaluator interface {
	run(ctx context.Context, in map[string]*kernels.Array) (map[string]*kernels.Array, error)
	close() error
}

func newEvaluator(ctx context.Context, dev *gpu.Device, g *graph.Graph, s graph.Store) (evaluator, error) {
	if dev == nil {
		r, err := g.Reference(ctx, s)
		return reference{r}, err
	}
	plan, err := g.Plan(graph.DeviceLimits(dev))
	if err != nil {
		return nil, err
	}
	params := graph.NewParams(dev)
	if err := params.Load(ctx, g, s, nil); err != nil {
		return nil, errors.Join(err, params.Close())
	}
	exec, err := plan.Load(ctx, dev, params, nil)
	if err != nil {
		return nil, errors.Join(err, params.Close())
	}
	return &onDevice{g, params, exec}, nil
}

type reference struct{ r *graph.Reference }

func (e reference) run(ctx context.Context, in map[string]*kernels.Array) (map[string]*kernels.Array, error) {
	return e.r.Run(ctx, in)
}

func (e reference) close() error { return nil }

type onDevice struct {
	g      *graph.Graph
	params *graph.Params
	exec   *graph.Exec
}

func (e *onDevice) run(ctx context.Context, in map[string]*kernels.Array) (map[string]*kernels.Array, error) {
	for name, a := range in {
		if err := e.exec.Write(name, a.Bytes()); err != nil {
			return nil, err
		}
	}
	if err := e.exec.Submit(); err != nil {
		return nil, err
	}
	out := map[string]*kernels.Array{}
	for name, t := range e.g.Outputs() {
		data, err := e.exec.Read(ctx, name)
		if err != nil {
			return nil, err
		}
		a := kernels.NewArray(t)
		a.SetBytes(data)
		out[name] = a
	}
	return out, nil
}

func (e *onDevice) close() error { return errors.Join(e.exec.Close(), e.params.Close()) }
