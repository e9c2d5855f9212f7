package train

import (
	"fmt"
	"math"

	"github.com/drdc-dev/drdc/runtime/graph"
)

// places says where the packed values of a parameter come from: value i is value
// index[i] of its stored tensors put end to end, or no stored value where it is -1.
type places struct {
	param graph.Param
	index []int
	holes bool // a value that is no padding of the channels is not stored
}

// findPlaces packs numbers in place of values to see where they go. A parameter that
// is computed from its stored tensors, and not only laid out, is an error: what is
// learned could not be stored.
func findPlaces(p graph.Param) (places, error) {
	const base = 4096 // both digits of a number are exact in float32
	total := 0
	digit := func(of func(i int) int) []float32 {
		total = 0
		from := make([][]float32, len(p.From))
		for j, s := range p.From {
			from[j] = make([]float32, size(s.Shape))
			for i := range from[j] {
				from[j][i] = float32(of(total + i))
			}
			total += len(from[j])
		}
		return p.Pack(from)
	}
	low, high := digit(func(i int) int { return i%base + 1 }), digit(func(i int) int { return i / base })
	s := p.Tensor.Shape
	at := places{param: p, index: make([]int, len(low))}
	for i, v := range low {
		j := int(high[i])*base + int(v) - 1
		if v != float32(math.Trunc(float64(v))) || v < 0 || v > base || v > 0 && j >= total {
			return at, fmt.Errorf("train: parameter %q is computed from %q, it cannot be trained", p.Name, p.From[0].Name)
		}
		if v == 0 {
			j = -1
			at.holes = at.holes || i%(4*s.C4()) < s[3]
		}
		at.index[i] = j
	}
	return at, nil
}

func size(shape []int) int {
	n := 1
	for _, e := range shape {
		n *= e
	}
	return n
}

// mask is 1 where a value is stored and 0 elsewhere.
func (p places) mask() []float32 {
	m := make([]float32, len(p.index))
	for i, j := range p.index {
		if j >= 0 {
			m[i] = 1
		}
	}
	return m
}

// unpack puts packed values into the stored tensors to, by name.
func (p places) unpack(packed []float32, to map[string][]float32, prefix string) {
	var all []*float32
	for _, s := range p.param.From {
		data := to[prefix+s.Name]
		for i := range data {
			all = append(all, &data[i])
		}
	}
	for i, j := range p.index {
		if j >= 0 {
			*all[j] = packed[i]
		}
	}
}
