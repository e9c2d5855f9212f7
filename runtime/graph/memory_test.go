package graph

import (
	"math/rand/v2"
	"testing"
)

// randomSpans draws the lives of the values of a network-like graph: a chain
// with skips of random length and temporaries.
func randomSpans(r *rand.Rand) []span {
	n := 2 + r.IntN(60)
	classes := 1
	if r.IntN(8) == 0 {
		classes = 2
	}
	var spans []span
	for i := range n {
		life := 1
		if r.IntN(4) == 0 {
			life += r.IntN(n)
		}
		spans = append(spans, span{bytes: 16 * (1 + r.IntN(1<<(1+r.IntN(12)))), first: i, last: min(i+life, n), class: r.IntN(classes)})
		if r.IntN(5) == 0 {
			spans = append(spans, span{bytes: 16 * (1 + r.IntN(256)), first: i, last: i})
		}
	}
	return spans
}

// TestPlaceNeverOverlaps places 10,000 random graphs and checks every pair of
// values by brute force.
func TestPlaceNeverOverlaps(t *testing.T) {
	const align, limit = 16, 1 << 20
	r := rand.New(rand.NewPCG(1, 2))
	worst := 0.0
	for g := range 10000 {
		spans := randomSpans(r)
		spots, arenas := place(spans, align, limit)
		for i, a := range spans {
			if spots[i].offset%align != 0 || spots[i].offset+a.bytes > arenas[spots[i].arena] || arenas[spots[i].arena] > limit {
				t.Fatalf("graph %d: span %d %+v at %+v of arenas %v", g, i, a, spots[i], arenas)
			}
			for j, b := range spans[:i] {
				if spots[i].arena != spots[j].arena {
					continue
				}
				if a.class != b.class {
					t.Fatalf("graph %d: classes %d and %d share an arena", g, a.class, b.class)
				}
				alive := a.first <= b.last && b.first <= a.last
				apart := spots[i].offset+a.bytes <= spots[j].offset || spots[j].offset+b.bytes <= spots[i].offset
				if alive && !apart {
					t.Fatalf("graph %d: %+v at %+v and %+v at %+v overlap", g, a, spots[i], b, spots[j])
				}
			}
		}
		one := true
		for _, s := range spans {
			one = one && s.class == 0
		}
		if sum := total(arenas); one {
			worst = max(worst, float64(sum)/float64(liveness(spans)))
		}
	}
	t.Logf("worst peak %.3f of the liveness lower bound", worst)
	if worst > 1.3 {
		t.Errorf("a plan needs %.3f times the liveness lower bound, want at most 1.3", worst)
	}
}

func total(ns []int) int {
	sum := 0
	for _, n := range ns {
		sum += n
	}
	return sum
}

func TestPlaceSplitsArenasAtTheLimit(t *testing.T) {
	spans := []span{{bytes: 600, first: 0, last: 2}, {bytes: 600, first: 0, last: 2}, {bytes: 400, first: 1, last: 2}}
	spots, arenas := place(spans, 16, 1024)
	if len(arenas) != 2 || spots[0].arena == spots[1].arena {
		t.Errorf("spots %v, arenas %v: want the two of 600 bytes in different arenas of at most 1024", spots, arenas)
	}
}
