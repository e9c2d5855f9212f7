package graph

import (
	"context"
	"strings"

	"github.com/drdc-dev/drdc/runtime/gpu"
)

// Readback is a copy of outputs on its way to the program: gpu.Readback.
type Readback struct {
	graph   *Graph
	outputs []output // those asked for, then the checkpoints
	asked   int
	copy    *gpu.Readback
}

// StartRead queues a copy of outputs, and of all checkpoints, as the replays
// submitted so far make them, and returns without waiting. Later replays and writes
// do not change it.
func (e *Exec) StartRead(names ...string) (*Readback, error) {
	g := e.plan.graph
	r := &Readback{graph: g, asked: len(names)}
	for _, name := range names {
		id, ok := g.output(name)
		if !ok {
			return nil, errNoOutput(name)
		}
		r.outputs = append(r.outputs, output{name, id})
	}
	for _, o := range g.outputs {
		if strings.HasPrefix(o.name, checkPrefix) {
			r.outputs = append(r.outputs, o)
		}
	}
	ranges := make([]gpu.Bind, len(r.outputs))
	for i, o := range r.outputs {
		ranges[i] = gpu.Bind{Buffer: e.buffers[g.root(o.value)], Size: uint64(g.values[o.value].Bytes())}
	}
	var err error
	if r.copy, err = e.dev.StartRead(ranges...); err != nil {
		return nil, err
	}
	return r, nil
}

// Wait waits for the copy and returns the bytes of each output, or an error that
// names the first checkpoint with a NaN or Inf.
func (r *Readback) Wait(ctx context.Context) ([][]byte, error) {
	data := make([]byte, r.copy.Bytes())
	if err := r.copy.Wait(ctx, data); err != nil {
		return nil, err
	}
	list := make([][]byte, len(r.outputs))
	for i, o := range r.outputs {
		n := r.graph.values[o.value].Bytes()
		list[i], data = data[:n], data[n:]
		if i >= r.asked {
			if err := r.graph.finite(o, list[i]); err != nil {
				return nil, err
			}
		}
	}
	return list[:r.asked], nil
}

// Discard gives the copy up without waiting for it.
func (r *Readback) Discard() { r.copy.Discard() }
