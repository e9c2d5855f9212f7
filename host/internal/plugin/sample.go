package plugin

import (
	"math/rand/v2"

	"github.com/drdc-dev/drdc/runtime/fusion"
)

// Sample is a made-up stack of n refined maps and, if wanted, a base map: positive noise, the same for the same arguments. Timesteps,
// cell sizes and scales run as in the defaults of detection.
func Sample(w, h, n int, base bool) *fusion.Stack {
	random := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	pixels := func() []float32 {
		v := make([]float32, w*h)
		for i := range v {
			v[i] = float32(random.ExpFloat64())
		}
		return v
	}
	s := &fusion.Stack{W: w, H: h}
	if base {
		s.Base = pixels()
	}
	for i := range n {
		s.Maps = append(s.Maps, fusion.Map{Timestep: 25 * (i/4%10 + 1), Cell: 16 >> (i / 4 % 2), Scale: 1 << (i % 4), Val: pixels()})
	}
	return s
}
