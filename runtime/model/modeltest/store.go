package modeltest

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

const seed = 20240501 // SEED of common.py

// uniform returns n values in [-1, 1): value i is SplitMix64 (Steele, Lea, Flood
// 2014) of a key made of the seed and the name.
func uniform(name string, n int) []float64 {
	key := uint64(0xcbf29ce484222325) // FNV-1a
	for _, b := range []byte(name) {
		key = (key ^ uint64(b)) * 0x100000001b3
	}
	key ^= seed
	out := make([]float64, n)
	for i := range out {
		key += 0x9e3779b97f4a7c15
		z := (key ^ key>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		out[i] = float64((z^z>>31)>>40)*0x1p-23 - 1
	}
	return out
}

// Store makes the tensors of a network as stored() of common.py does.
type Store struct {
	Prefix  string // in front of every name, not part of its key
	Sources []graph.Source
}

// Float32 implements graph.Store.
func (s Store) Float32(_ context.Context, name string) ([]float32, []int, error) {
	for _, src := range s.Sources {
		if s.Prefix+src.Name == name {
			return stored(src), src.Shape, nil
		}
	}
	return nil, nil, fmt.Errorf("modeltest: no tensor %q", name)
}

func stored(s graph.Source) []float32 {
	n := 1
	for _, e := range s.Shape {
		n *= e
	}
	mean, span := 0.0, 0.25
	switch {
	case len(s.Shape) > 1:
		span = math.Sqrt(3 / float64(n/s.Shape[0]))
	case strings.HasSuffix(s.Name, "running_var"):
		mean, span = 1, 0.5
	case strings.HasSuffix(s.Name, "weight"):
		mean = 1
	}
	v := make([]float32, n)
	for i, u := range uniform(s.Name, n) {
		v[i] = float32(mean + span*u)
	}
	return v
}

// Input is an input of unit variance, unit() of common.py with the axes
// in the order of the graph.
func Input(name string, t kernels.Tensor) *kernels.Array {
	a, s := kernels.NewArray(t), t.Shape
	for i, u := range uniform("input "+name, s.Elems()) {
		n, h, w, c := nchw(s, i)
		a.Set(n, h, w, c, float64(float32(u*math.Sqrt(3))))
	}
	return a
}

// nchw is the place of value i of a tensor of shape s that PyTorch stores.
func nchw(s kernels.Shape, i int) (n, h, w, c int) {
	return i / (s[1] * s[2] * s[3]), i / s[2] % s[1], i % s[2], i / (s[1] * s[2]) % s[3]
}
