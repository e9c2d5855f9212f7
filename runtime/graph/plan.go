package graph

import (
	"errors"
	"fmt"
	"slices"

	"github.com/drdc-dev/drdc/kernels"
)

// ErrMemory is wrapped when a plan does not fit the device.
var ErrMemory = errors.New("not enough device memory")

// Limits bounds a plan.
type Limits struct {
	kernels.Target
	Buffer int // bytes of one buffer
	Memory int // bytes of all buffers together; 0: not known
}

// Memory is what a plan will allocate, in bytes.
type Memory struct {
	Params int // parameters
	IO     int // inputs and outputs
	Arenas int // everything in between
	Live   int // lower bound of Arenas: the most that is alive at one step
}

// Peak is the sum of all allocations.
func (m Memory) Peak() int { return m.Params + m.IO + m.Arenas }

func (m Memory) String() string {
	return fmt.Sprintf("%s (parameters %s, activations %s, inputs and outputs %s)",
		mebi(m.Peak()), mebi(m.Params), mebi(m.Arenas), mebi(m.IO))
}

func mebi(n int) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// Plan says where every value of a graph lives and what is dispatched. It holds
// no device memory; one plan can be loaded several times.
type Plan struct {
	graph  *Graph
	steps  []step
	spots  map[int]spot // of computed values that live in an arena
	arenas []int        // sizes in bytes
	limits Limits
}

// step is one operation with its dispatches and the spots of its temporaries.
type step struct {
	node
	rec   kernels.Record
	temps []spot
}

// Plan fuses, records and places. The errors wrap kernels.ErrShape,
// kernels.ErrLimit or ErrMemory and name the operation, the value and the limit.
func (g *Graph) Plan(l Limits) (*Plan, error) {
	if g.err != nil {
		return nil, g.err
	}
	g = g.fuse()
	p := &Plan{graph: g, limits: l}
	for _, n := range g.nodes {
		in, out := g.tensors(n.in), g.tensors(n.out)
		for _, t := range slices.Concat(in, out) {
			if t.Bytes() > l.StorageBinding {
				return nil, fmt.Errorf("graph: %s: %s: %w: %v takes %s, one binding holds %s",
					n.path, n.op.Name(), kernels.ErrLimit, t, mebi(t.Bytes()), mebi(l.StorageBinding))
			}
		}
		rec, err := n.record(l.Target, in, out)
		if err != nil {
			return nil, fmt.Errorf("graph: %s: %s: %w", n.path, n.op.Name(), err)
		}
		p.steps = append(p.steps, step{node: n, rec: rec})
	}
	p.place()
	if m := p.Memory(); l.Memory > 0 && m.Peak() > l.Memory {
		return nil, fmt.Errorf("graph: %w: the plan needs %v, available are %s", ErrMemory, m, mebi(l.Memory))
	}
	return p, nil
}

// Memory reports what Load will allocate.
func (p *Plan) Memory() Memory {
	var m Memory
	counted := map[string]bool{}
	for _, prm := range p.graph.params {
		if !counted[prm.Name] { // a network that is applied twice declares it twice
			m.Params += prm.room(p.limits.Target)
		}
		counted[prm.Name] = true
	}
	for _, t := range p.graph.Inputs() {
		m.IO += p.limits.Room(t.Bytes())
	}
	for _, t := range p.graph.Outputs() {
		m.IO += p.limits.Room(t.Bytes())
	}
	m.Arenas = sum(p.arenas)
	spans, _ := p.spans(make([]int, len(p.steps)))
	m.Live = liveness(spans)
	return m
}

// Flops is the arithmetic of one replay by the names of the operations that count
// theirs (kernels.Counted).
func (p *Plan) Flops() map[string]float64 {
	sum := map[string]float64{}
	for _, s := range p.steps {
		if op, ok := s.op.(kernels.Counted); ok {
			sum[op.Name()] += op.Flops(p.graph.tensors(s.in), p.graph.tensors(s.out))
		}
	}
	return sum
}

// Dispatches is the number of shader dispatches of one replay.
func (p *Plan) Dispatches() int {
	n := 0
	for _, s := range p.steps {
		n += len(s.rec.Steps)
	}
	return n
}

// inArena reports whether a value lives in an arena: inputs, parameters and
// outputs have buffers of their own.
func (p *Plan) inArena(id int) bool {
	if p.graph.values[id].kind != computed {
		return false
	}
	return !slices.ContainsFunc(p.graph.outputs, func(o output) bool { return p.graph.root(o.value) == id })
}

// block says which value or temporary a span belongs to.
type block struct {
	value      int // or -1
	step, temp int
}

// spans lists the lives of everything in the arenas, for the classes of the steps' results,
// and whose they are.
func (p *Plan) spans(class []int) (spans []span, blocks []block) {
	g, last := p.graph, p.last()
	add := func(s span, b block) { spans, blocks = append(spans, s), append(blocks, b) }
	for i, s := range p.steps {
		for _, v := range s.out {
			if p.inArena(v) {
				add(span{g.values[v].Bytes(), i, last[v], class[i]}, block{value: v})
			}
		}
		uniform := s.uniformTemps()
		for t, bytes := range s.rec.Temps {
			c := class[i]
			if uniform[t] {
				c = -1 - t
			}
			add(span{bytes, i, i, c}, block{-1, i, t})
		}
	}
	return spans, blocks
}

// uniformTemps are the temporaries that a dispatch reads as uniforms; each has a class of
// its own.
func (s step) uniformTemps() map[int]bool {
	temps := map[int]bool{}
	for _, d := range s.rec.Steps {
		for _, b := range d.Bind {
			if b.Uniform && b.Kind == kernels.TempKind {
				temps[b.Index] = true
			}
		}
	}
	return temps
}

// last is the step that reads each value last.
func (p *Plan) last() []int {
	last := make([]int, len(p.graph.values))
	for i, s := range p.steps {
		for _, v := range s.out {
			last[v] = i
		}
		for _, v := range s.in {
			last[p.graph.root(v)] = i
		}
	}
	return last
}

// coloring puts the outputs and temporaries of an operation apart from an input that it
// binds twice, or reads as a uniform in a dispatch that writes to one of them. Bindings
// that share a buffer with an output become writable, and WebGPU refuses two writable
// bindings of the same bytes and a uniform beside a writable one.
func (p *Plan) coloring() coloring {
	last, producer := p.last(), make([]int, len(p.graph.values))
	c := coloring{apart: make([][]int, len(p.steps)), bytes: make([][]int, len(p.steps)), class: make([]int, len(p.steps))}
	for i, s := range p.steps {
		for _, v := range s.out {
			producer[v] = i
		}
		for _, v := range p.alone(s) {
			if j := producer[v]; p.inArena(v) {
				c.apart[i], c.apart[j] = append(c.apart[i], j), append(c.apart[j], i)
			}
		}
		c.bytes[i] = p.results(i, last)
	}
	c.color()
	return c
}

// alone lists the values that a dispatch of s binds twice or reads as uniforms while it
// binds outputs or temporaries that share their class.
func (p *Plan) alone(s step) []int {
	apart := s.uniformTemps()
	var vs []int
	for _, d := range s.rec.Steps {
		if !slices.ContainsFunc(d.Bind, func(b kernels.Operand) bool {
			return b.Kind == kernels.OutKind || b.Kind == kernels.TempKind && !apart[b.Index]
		}) {
			continue
		}
		bound := map[int]int{}
		for _, b := range d.Bind {
			if b.Kind == kernels.InKind {
				v := p.graph.root(s.in[b.Index])
				if bound[v]++; b.Uniform || bound[v] == 2 {
					vs = append(vs, v)
				}
			}
		}
	}
	slices.Sort(vs)
	return slices.Compact(vs)
}

func (p *Plan) place() {
	c, align := p.coloring(), max(p.limits.Align, 16)
	tail := p.limits.Room(0) // behind what an arena holds
	spans, blocks := p.spans(c.class)
	spots, arenas := place(spans, align, p.limits.Buffer-tail)
	if c.improve() {
		spans, _ := p.spans(c.class)
		if s, a := place(spans, align, p.limits.Buffer-tail); sum(a) < sum(arenas) {
			spots, arenas = s, a
		}
	}
	for i := range arenas {
		arenas[i] += tail
	}
	p.spots, p.arenas = map[int]spot{}, arenas
	for i := range p.steps {
		p.steps[i].temps = make([]spot, len(p.steps[i].rec.Temps))
	}
	for i, b := range blocks {
		if b.value >= 0 {
			p.spots[b.value] = spots[i]
		} else {
			p.steps[b.step].temps[b.temp] = spots[i]
		}
	}
}
