package graph

import (
	"context"
	"fmt"

	"github.com/drdc-dev/drdc/kernels"
)

// ParamGrad is a parameter with the gradient of a loss by it.
type ParamGrad struct {
	Param       Param
	Value, Grad Value
}

// ParamGrads is Grad by the parameters made of stored tensors for which keep, when
// it is not nil, is true; in the order of their declaration, those that loss does
// not depend on left out. Declarations of one name are one parameter.
func (g *Graph) ParamGrads(loss Value, keep func(Param) bool) []ParamGrad {
	params := map[string]Param{}
	for _, p := range g.params {
		if len(p.From) > 0 && (keep == nil || keep(p)) {
			params[p.Name] = p
		}
	}
	var values []Value
	for id, v := range g.values {
		if _, ok := params[v.name]; ok && v.kind == param && v.alias == 0 {
			values = append(values, Value{id})
		}
	}
	grads := g.Grad(loss, values...)
	if g.err != nil {
		return nil
	}
	var list []ParamGrad
	at := map[string]int{}
	for i, v := range values {
		name := g.values[v.id].name
		if grads[i].id == 0 {
			continue
		}
		if j, twice := at[name]; twice {
			list[j].Grad = g.Apply(kernels.Binary{Op: kernels.Add}, list[j].Grad, grads[i])
			continue
		}
		at[name] = len(list)
		list = append(list, ParamGrad{params[name], v, grads[i]})
	}
	return list
}

// Update applies op after every other operation of a replay, in the order of the
// calls. Its outputs take the place of its first inputs, which must be parameters:
// the next replay, and every other Exec with the same Params, gets the new values.
func (g *Graph) Update(op kernels.InPlace, in ...Value) {
	n := node{op: op, path: g.path()}
	for _, v := range in {
		n.in = append(n.in, v.id)
	}
	if g.err != nil {
		return
	}
	outs, err := op.Infer(g.tensors(n.in))
	if err != nil {
		g.fail(op.Name(), err)
		return
	}
	for i, t := range outs {
		if v := g.values[n.in[i]]; v.kind != param || v.Tensor != t {
			g.fail(op.Name(), fmt.Errorf("%w: output %d, %v, takes the place of %v: want a parameter like it", kernels.ErrShape, i, t, v.Tensor))
		}
	}
	g.updates = append(g.updates, n)
}

// record is Record of the operation, in place where n is an update.
func (n node) record(t kernels.Target, in, out []kernels.Tensor) (kernels.Record, error) {
	if op, ok := n.op.(kernels.InPlace); ok && n.out == nil {
		return op.RecordInPlace(t, in)
	}
	return n.op.Record(t, in, out)
}

// update runs the reference of an update on its inputs.
func (n node) update(in []*kernels.Array) error {
	ts := make([]kernels.Tensor, len(in))
	for i, a := range in {
		ts[i] = a.Tensor
	}
	outs, err := n.op.Infer(ts)
	if err != nil {
		return err
	}
	for i, out := range reference(n.op, in, outs) {
		copy(in[i].Data, out.Data)
	}
	return nil
}

// reference runs the reference of op into new arrays.
func reference(op kernels.Op, in []*kernels.Array, outs []kernels.Tensor) []*kernels.Array {
	arrays := make([]*kernels.Array, len(outs))
	for i, t := range outs {
		arrays[i] = kernels.NewArray(t)
	}
	op.Reference(in, arrays)
	return arrays
}

// Read waits for the submitted replays and returns the padded values of p.
func (ps *Params) Read(ctx context.Context, p Param) ([]float32, error) {
	b := ps.buffers[p.Name]
	if b == nil {
		return nil, fmt.Errorf("graph: parameter %q is not loaded", p.Name)
	}
	if p.Tensor.Type != kernels.F32 {
		return nil, fmt.Errorf("graph: parameter %q is %v, only f32 is read", p.Name, p.Tensor)
	}
	data := make([]byte, p.Tensor.Bytes())
	if err := ps.dev.Read(ctx, b, 0, data); err != nil {
		return nil, err
	}
	return kernels.Decode32(data), nil
}
