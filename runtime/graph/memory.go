package graph

import (
	"cmp"
	"slices"
)

// span is the life of one block of bytes: it is written at step first and read
// for the last time at step last.
type span struct {
	bytes       int
	first, last int
	class       int // blocks of different classes are placed in different arenas
}

// spot is where a span lives.
type spot struct{ arena, offset int }

// place gives every span a spot so that spans alive at the same step do not
// overlap. Offsets are multiples of align; no arena is larger than limit. It
// tries several orders and keeps the one with the smallest sum of arenas; the
// sizes of the arenas are returned with it.
func place(spans []span, align, limit int) (spots []spot, arenas []int) {
	orders := []func(a, b span) int{
		func(a, b span) int { return cmp.Compare(b.bytes, a.bytes) },
		func(a, b span) int { return cmp.Compare(b.last-b.first, a.last-a.first) },
		func(a, b span) int {
			return cmp.Compare(b.bytes*(b.last-b.first+1), a.bytes*(a.last-a.first+1))
		},
		func(a, b span) int { return cmp.Compare(a.first, b.first) },
	}
	best := -1
	for _, less := range orders {
		order := make([]int, len(spans))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return less(spans[a], spans[b]) })
		s, a := fit(spans, order, align, limit)
		if n := sum(a); best < 0 || n < best {
			best, spots, arenas = n, s, a
		}
	}
	return spots, arenas
}

// fit places the spans one after the other at the lowest free offset of the
// first arena of their class that has room.
func fit(spans []span, order []int, align, limit int) ([]spot, []int) {
	type arena struct {
		class, size int
		held        []int // spans by offset
	}
	var arenas []arena
	spots := make([]spot, len(spans))
	for _, i := range order {
		s := spans[i]
		at := spot{-1, 0}
		for a := range arenas {
			if arenas[a].class != s.class {
				continue
			}
			offset := 0
			for _, h := range arenas[a].held {
				if spans[h].last < s.first || spans[h].first > s.last {
					continue
				}
				if spots[h].offset >= offset+s.bytes {
					break
				}
				offset = max(offset, roundUp(spots[h].offset+spans[h].bytes, align))
			}
			if offset+s.bytes <= limit {
				at = spot{a, offset}
				break
			}
		}
		if at.arena < 0 {
			arenas = append(arenas, arena{class: s.class})
			at.arena = len(arenas) - 1
		}
		spots[i] = at
		a := &arenas[at.arena]
		a.size = max(a.size, at.offset+s.bytes)
		k, _ := slices.BinarySearchFunc(a.held, at.offset, func(h, o int) int { return cmp.Compare(spots[h].offset, o) })
		a.held = slices.Insert(a.held, k, i)
	}
	sizes := make([]int, len(arenas))
	for i, a := range arenas {
		sizes[i] = roundUp(a.size, align)
	}
	return spots, sizes
}

// liveness is the largest number of bytes alive at one step: no plan needs less.
func liveness(spans []span) int {
	delta := map[int]int{}
	for _, s := range spans {
		delta[s.first] += s.bytes
		delta[s.last+1] -= s.bytes
	}
	steps := make([]int, 0, len(delta))
	for step := range delta {
		steps = append(steps, step)
	}
	slices.Sort(steps)
	peak, alive := 0, 0
	for _, step := range steps {
		alive += delta[step]
		peak = max(peak, alive)
	}
	return peak
}

func sum(list []int) (n int) {
	for _, v := range list {
		n += v
	}
	return n
}

func roundUp(n, align int) int { return (n + align - 1) / align * align }
