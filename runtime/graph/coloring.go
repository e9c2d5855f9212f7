package graph

// coloring gives every step of a plan a class for its outputs and temporaries, so that
// steps that must be apart have different ones and the classes together need little
// memory: each has arenas of its own, which are as large as the most that it holds.
type coloring struct {
	apart [][]int // by step, those whose class must be another
	bytes [][]int // what a step's outputs and temporaries take, at it and at those behind it
	class []int

	held []holding // by class
}

// holding is what a class holds.
type holding struct {
	alive []int // bytes at each step
	peak  int
}

// with is the peak with so many bytes more at the steps from first on.
func (h holding) with(first int, bytes []int) int {
	peak := h.peak
	for i, n := range bytes {
		peak = max(peak, h.alive[first+i]+n)
	}
	return peak
}

// add adds sign times the bytes.
func (h holding) add(first int, bytes []int, sign int) {
	for i, n := range bytes {
		h.alive[first+i] += sign * n
	}
}

// color takes, step by step, the class whose peak grows least.
func (c *coloring) color() {
	for i, bytes := range c.bytes {
		taken := map[int]bool{}
		for _, j := range c.apart[i] {
			if j < i {
				taken[c.class[j]] = true
			}
		}
		best, least := -1, 0
		for k := range len(c.held) + 1 {
			if taken[k] {
				continue
			}
			if k == len(c.held) {
				c.held = append(c.held, holding{alive: make([]int, len(c.bytes))})
			}
			if grows := c.held[k].with(i, bytes) - c.held[k].peak; best < 0 || grows < least {
				best, least = k, grows
			}
		}
		c.class[i] = best
		c.held[best].peak = c.held[best].with(i, bytes)
		c.held[best].add(i, bytes, 1)
	}
}

// improve exchanges two classes wherever that makes the sum of the peaks less, for one of
// the larger steps and all that this forces (a Kempe chain). It says whether it did.
func (c *coloring) improve() bool {
	better := false
	for c.pass() {
		better = true
	}
	return better
}

func (c *coloring) pass() (better bool) {
	for i, bytes := range c.bytes {
		for k := range c.held {
			if k == c.class[i] || 32*bytes[0] < c.held[c.class[i]].peak {
				continue
			}
			from, before := c.class[i], c.held[c.class[i]].peak+c.held[k].peak
			chain := c.chain(i, k)
			c.exchange(chain, from, k)
			if c.held[from].peak+c.held[k].peak < before {
				better = true
			} else {
				c.exchange(chain, from, k)
			}
		}
	}
	return better
}

// chain is step i and what must change class when it changes to another.
func (c *coloring) chain(i, other int) []int {
	chain, seen := []int{i}, map[int]bool{i: true}
	for n := 0; n < len(chain); n++ {
		to := c.class[i]
		if c.class[chain[n]] == to {
			to = other
		}
		for _, j := range c.apart[chain[n]] {
			if c.class[j] == to && !seen[j] {
				seen[j] = true
				chain = append(chain, j)
			}
		}
	}
	return chain
}

// exchange gives steps of class a class b and the other way round.
func (c *coloring) exchange(steps []int, a, b int) {
	for _, i := range steps {
		from, to := c.class[i], a
		if from == a {
			to = b
		}
		c.held[from].add(i, c.bytes[i], -1)
		c.held[to].add(i, c.bytes[i], 1)
		c.class[i] = to
	}
	for _, k := range []int{a, b} {
		c.held[k].peak = 0
		for _, n := range c.held[k].alive {
			c.held[k].peak = max(c.held[k].peak, n)
		}
	}
}

// results is what the outputs and temporaries of step i take, at it and at those behind it.
func (p *Plan) results(i int, last []int) []int {
	s, bytes := p.steps[i], make([]int, 1)
	for _, v := range s.out {
		if !p.inArena(v) {
			continue
		}
		for len(bytes) <= last[v]-i {
			bytes = append(bytes, 0)
		}
		for k := range last[v] - i + 1 {
			bytes[k] += p.graph.values[v].Bytes()
		}
	}
	apart := s.uniformTemps()
	for t, n := range s.rec.Temps {
		if !apart[t] {
			bytes[0] += n
		}
	}
	return bytes
}
