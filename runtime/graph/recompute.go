package graph

import "slices"

// Recompute makes the gradients that Grad adds from here on compute most values of the
// forward pass again instead of keeping them (Chen et al., "Training deep nets with
// sublinear memory cost"): the operations are cut into so many segments of about as
// many bytes of results, and what only its own segment reads is computed a second time
// before the gradients of that segment, but for the last one's. It costs at most another
// forward pass and changes no value. 0 and 1 keep everything.
func (g *Graph) Recompute(segments int) { g.segments = segments }

// segment is a run of operations whose inner values are computed again.
type segment struct{ first, end int }

// recompute is the state of Recompute in a walk backwards over nodes.
type recompute struct {
	ahead []segment   // that the walk has not entered, in its order
	inner []bool      // values that only operations of their own segment read
	again map[int]int // for inner values of the current segment, their second computation
}

// cut splits nodes into the segments that Recompute asked for, the last first.
func (g *Graph) cut(nodes []node) recompute {
	r := recompute{inner: make([]bool, len(g.values)), again: map[int]int{}}
	if g.segments < 2 {
		return r
	}
	total, sum, first := 0, 0, 0
	of := make([]int, len(g.values)) // segment of a value's operation + 1
	for _, n := range nodes {
		total += g.bytes(n.out)
	}
	for i, n := range nodes {
		for _, v := range n.out {
			of[v], r.inner[v] = len(r.ahead)+1, true
		}
		if sum += g.bytes(n.out); sum*g.segments >= total*(len(r.ahead)+1) || i == len(nodes)-1 {
			r.ahead = append(r.ahead, segment{first, i + 1})
			first = i + 1
		}
	}
	for k, s := range r.ahead {
		for _, n := range nodes[s.first:s.end] {
			for _, v := range n.in {
				if root := g.root(v); of[root] != k+1 {
					r.inner[root] = false
				}
			}
		}
	}
	for _, o := range g.outputs {
		r.inner[g.root(o.value)] = false
	}
	r.ahead = r.ahead[:len(r.ahead)-1]
	slices.Reverse(r.ahead)
	return r
}

func (g *Graph) bytes(values []int) int {
	n := 0
	for _, v := range values {
		n += g.values[v].Bytes()
	}
	return n
}

// enter adds the operations of the segment that ends with node i, where one does. Those
// whose results no gradient reads are dropped with all other dead operations.
func (b *backward) enter(nodes []node, i int) {
	if len(b.ahead) == 0 || b.ahead[0].end != i+1 {
		return
	}
	s := b.ahead[0]
	b.ahead = b.ahead[1:]
	clear(b.again)
	for _, n := range nodes[s.first:s.end] {
		if !slices.ContainsFunc(n.out, func(v int) bool { return b.inner[v] }) {
			continue
		}
		twin := node{op: n.op, path: n.path + ".grad"}
		for _, v := range n.in {
			twin.in = append(twin.in, b.twin(v))
		}
		for _, v := range n.out {
			w := b.add(value{Tensor: b.values[v].Tensor}).id
			if twin.out = append(twin.out, w); b.inner[v] {
				b.again[v] = w
			}
		}
		b.nodes = append(b.nodes, twin)
	}
}

// twin is the value that stands for v in the gradients of the current segment.
func (b *backward) twin(v int) int {
	w, ok := b.again[b.root(v)]
	switch {
	case !ok:
		return v
	case b.values[v].alias == 0:
		return w
	}
	return b.View(Value{w}, b.values[v].Shape).id
}
