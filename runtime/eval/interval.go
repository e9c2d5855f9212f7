package eval

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Interval is where a figure lies with a probability of Level.
type Interval struct {
	Lo    float64 `json:"lo"`
	Hi    float64 `json:"hi"`
	Level float64 `json:"level"`
}

// interval is the percentile bootstrap of the AUROC of a sorted pool of images
// (Efron, "Bootstrap methods", 1979): good and anomalous images are drawn anew
// with replacement, each label as often as it occurs. It knows nothing of what
// another training run would give.
func (p *pool) interval(o Options) *Interval {
	r := rand.New(rand.NewPCG(o.Seed, 0))
	drawn := pool{neg: make([]uint32, len(p.neg)), pos: make([]uint64, len(p.pos)), sizes: p.sizes}
	areas := make([]float64, o.Bootstrap)
	for i := range areas {
		for j := range drawn.neg {
			drawn.neg[j] = p.neg[r.IntN(len(p.neg))]
		}
		for j := range drawn.pos {
			drawn.pos[j] = p.pos[r.IntN(len(p.pos))]
		}
		drawn.sort()
		areas[i] = drawn.auroc()
	}
	slices.Sort(areas)
	tail := (1 - o.Level) / 2
	n := float64(len(areas) - 1)
	return &Interval{areas[int(math.Floor(tail*n))], areas[int(math.Ceil((1-tail)*n))], o.Level}
}
