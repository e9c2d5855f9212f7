package graph

import (
	"errors"
	"fmt"
	"strings"

	"github.com/drdc-dev/drdc/kernels"
)

// Value is a tensor of a graph. The zero Value is invalid.
type Value struct{ id int }

// Graph is a network under construction. It is not safe for concurrent use.
type Graph struct {
	values  []value // values[0] is unused
	nodes   []node
	updates []node // run after nodes; they have no outputs
	inputs  map[string]Value
	outputs []output
	params  []Param
	carries []carry
	scope   []string
	// segments is what Recompute was given.
	segments int
	err      error
}

type valueKind uint8

const (
	computed valueKind = iota
	input
	param
)

type value struct {
	kernels.Tensor
	kind  valueKind
	name  string // of an input or a parameter
	alias int    // value whose storage this is a view of, or 0
}

type node struct {
	op   kernels.Op
	path string
	in   []int
	out  []int
}

type output struct {
	name  string
	value int
}

type carry struct{ from, to string }

// Param is a tensor that stays the same from replay to replay.
type Param struct {
	Name   string         // unique in the graph
	Tensor kernels.Tensor // as the device stores it
	From   []Source       // stored tensors it is made of; none for a computed constant
	// Pack turns the stored tensors, in the order of From, into the padded values
	// of Tensor. It runs at load, possibly at the same time as others.
	Pack func(from [][]float32) []float32
}

// Source names a stored tensor and the shape that it must have.
type Source struct {
	Name  string
	Shape []int
}

// New returns an empty graph.
func New() *Graph { return &Graph{values: make([]value, 1), inputs: map[string]Value{}} }

// Err is the first error met while building, nil when there was none.
func (g *Graph) Err() error { return g.err }

// Scope appends name to the path of the operations that follow, until the
// returned function is called.
func (g *Graph) Scope(name string) (leave func()) {
	n := len(g.scope)
	g.scope = append(g.scope, name)
	return func() { g.scope = g.scope[:n] }
}

func (g *Graph) path() string { return strings.Join(g.scope, ".") }

func (g *Graph) fail(what string, err error) {
	if g.err == nil {
		if p := g.path(); p != "" {
			what = p + ": " + what
		}
		g.err = fmt.Errorf("graph: %s: %w", what, err)
	}
}

func (g *Graph) add(v value) Value {
	g.values = append(g.values, v)
	return Value{len(g.values) - 1}
}

// Tensor describes v.
func (g *Graph) Tensor(v Value) kernels.Tensor { return g.values[v.id].Tensor }

// Input declares a tensor written before a replay.
func (g *Graph) Input(name string, t kernels.Tensor) Value {
	if _, twice := g.inputs[name]; twice {
		g.fail(fmt.Sprintf("input %q", name), errors.New("declared twice"))
	}
	v := g.add(value{Tensor: t, kind: input, name: name})
	g.inputs[name] = v
	return v
}

// Param declares a tensor that is loaded once.
func (g *Graph) Param(p Param) Value {
	g.params = append(g.params, p)
	return g.add(value{Tensor: p.Tensor, kind: param, name: p.Name})
}

// Apply adds an operation with one output.
func (g *Graph) Apply(op kernels.Op, in ...Value) Value { return g.ApplyN(op, 1, in...)[0] }

// ApplyN adds an operation with n outputs. After an error the returned values
// are placeholders and nothing more is checked.
func (g *Graph) ApplyN(op kernels.Op, n int, in ...Value) []Value {
	nd := node{op: op, path: g.path()}
	ts := make([]kernels.Tensor, len(in))
	for i, v := range in {
		ts[i] = g.values[v.id].Tensor
		nd.in = append(nd.in, v.id)
	}
	var outs []kernels.Tensor
	if g.err == nil {
		var err error
		if outs, err = op.Infer(ts); err != nil {
			g.fail(op.Name(), err)
		} else if len(outs) != n {
			g.fail(op.Name(), fmt.Errorf("%d outputs, want %d", len(outs), n))
		}
	}
	vs := make([]Value, n)
	for i := range vs {
		var t kernels.Tensor
		if g.err == nil {
			t = outs[i]
		}
		vs[i] = g.add(value{Tensor: t})
		nd.out = append(nd.out, vs[i].id)
	}
	g.nodes = append(g.nodes, nd)
	return vs
}

// View is v with another shape over the same stored values: C must stay, or be a
// multiple of four in both, and the number of values too. [N, H, W, C] as tokens is
// View(v, {N, 1, H*W, C}), their heads are View(v, {N, H*W, heads, C/heads}).
func (g *Graph) View(v Value, s kernels.Shape) Value {
	t := g.values[v.id].Tensor
	if g.err == nil && (s.Padded() != t.Shape.Padded() || s[3] != t.Shape[3] && s[3]%4+t.Shape[3]%4 > 0) {
		g.fail("view", fmt.Errorf("%w: %v as %v: the number of values must stay, and channels that are no multiple of 4", kernels.ErrShape, t, s))
	}
	t.Shape = s
	return g.add(value{Tensor: t, alias: g.root(v.id)})
}

// root is the value whose storage id uses.
func (g *Graph) root(id int) int {
	for g.values[id].alias != 0 {
		id = g.values[id].alias
	}
	return id
}

// Output names a value to be read after a replay.
func (g *Graph) Output(name string, v Value) {
	for _, o := range g.outputs {
		if o.name == name {
			g.fail(fmt.Sprintf("output %q", name), errors.New("declared twice"))
		}
	}
	g.outputs = append(g.outputs, output{name, v.id})
}

// Carry copies output from into input to at the end of every replay.
func (g *Graph) Carry(from, to string) {
	f, ok := g.output(from)
	t, ok2 := g.inputs[to]
	switch {
	case !ok:
		g.fail("carry", fmt.Errorf("no output %q", from))
	case !ok2:
		g.fail("carry", fmt.Errorf("no input %q", to))
	case g.err == nil && g.values[f].Tensor != g.values[t.id].Tensor:
		g.fail("carry", fmt.Errorf("%w: output %q is %v, input %q is %v", kernels.ErrShape, from, g.values[f].Tensor, to, g.values[t.id].Tensor))
	}
	g.carries = append(g.carries, carry{from, to})
}

func (g *Graph) output(name string) (int, bool) {
	for _, o := range g.outputs {
		if o.name == name {
			return o.value, true
		}
	}
	return 0, false
}

// Params lists the parameters in the order of their declaration.
func (g *Graph) Params() []Param { return g.params }

// Inputs describes the inputs by name.
func (g *Graph) Inputs() map[string]kernels.Tensor {
	m := map[string]kernels.Tensor{}
	for name, v := range g.inputs {
		m[name] = g.values[v.id].Tensor
	}
	return m
}

// Outputs describes the outputs by name.
func (g *Graph) Outputs() map[string]kernels.Tensor {
	m := map[string]kernels.Tensor{}
	for _, o := range g.outputs {
		m[o.name] = g.values[o.value].Tensor
	}
	return m
}
