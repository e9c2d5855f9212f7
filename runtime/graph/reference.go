package graph

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/drdc-dev/drdc/kernels"
)

// Reference is a graph bound to its parameters in float64, run operation by
// operation with the kernels' references: slow, plain, and exact.
type Reference struct {
	graph  *Graph
	params map[int]*kernels.Array
}

// Reference loads the parameters of the graph from s.
func (g *Graph) Reference(ctx context.Context, s Store) (*Reference, error) {
	if g.err != nil {
		return nil, g.err
	}
	g = g.fuse()
	r := &Reference{graph: g, params: map[int]*kernels.Array{}}
	byName := map[string]*kernels.Array{}
	for _, p := range g.params {
		data, err := p.Load(ctx, s)
		if err != nil {
			return nil, err
		}
		a := kernels.NewArray(p.Tensor)
		for i, v := range data {
			a.Data[i] = float64(v)
		}
		a.Round()
		byName[p.Name] = a
	}
	for id, v := range g.values {
		if v.kind == param {
			r.params[id] = byName[v.name]
		}
	}
	return r, nil
}

// Run computes the outputs; inputs and outputs are by name. Carried values are
// copied from the outputs into in.
func (r *Reference) Run(ctx context.Context, in map[string]*kernels.Array) (map[string]*kernels.Array, error) {
	g := r.graph
	vals := maps.Clone(r.params)
	for name, v := range g.inputs {
		a := in[name]
		if a == nil {
			return nil, fmt.Errorf("graph: input %q is missing", name)
		}
		if a.Tensor != g.values[v.id].Tensor {
			return nil, fmt.Errorf("graph: input %q: %w: %v, want %v", name, kernels.ErrShape, a.Tensor, g.values[v.id].Tensor)
		}
		vals[v.id] = a
	}
	get := func(id int) *kernels.Array {
		a := vals[g.root(id)]
		if g.values[id].Tensor != a.Tensor {
			a = &kernels.Array{Tensor: g.values[id].Tensor, Data: a.Data}
		}
		return a
	}
	left := map[int]int{}
	for _, n := range g.nodes {
		for _, v := range n.in {
			left[g.root(v)]++
		}
	}
	for _, o := range g.outputs {
		left[g.root(o.value)]++
	}
	for _, n := range g.nodes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		ins := make([]*kernels.Array, len(n.in))
		for i, v := range n.in {
			ins[i] = get(v)
		}
		if n.out == nil {
			if err := n.update(ins); err != nil {
				return nil, err
			}
		} else {
			for i, a := range reference(n.op, ins, g.tensors(n.out)) {
				vals[n.out[i]] = a
			}
		}
		for _, v := range n.in {
			if left[g.root(v)]--; left[g.root(v)] == 0 {
				delete(vals, g.root(v))
			}
		}
	}
	out := map[string]*kernels.Array{}
	for _, o := range g.outputs {
		out[o.name] = get(o.value)
	}
	for _, c := range g.carries {
		in[c.to].Data = slices.Clone(out[c.from].Data)
	}
	return out, nil
}
