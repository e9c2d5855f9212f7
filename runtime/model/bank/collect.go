package bank

import (
	"math/rand/v2"
	"slices"
)

// Collect picks limit of the rows of channels values each, at random by the seed and
// in their order, or all of them when there are no more. The result has the layout of
// the stored tensor; rows are those of Config.Local over normal images.
func Collect(rows []float32, channels, limit int, seed uint64) []float32 {
	n := len(rows) / channels
	if n <= limit {
		return slices.Clone(rows[:n*channels])
	}
	picked := rand.New(rand.NewPCG(seed, 0xba4c)).Perm(n)[:limit]
	slices.Sort(picked)
	kept := make([]float32, 0, limit*channels)
	for _, i := range picked {
		kept = append(kept, rows[i*channels:(i+1)*channels]...)
	}
	return kept
}
