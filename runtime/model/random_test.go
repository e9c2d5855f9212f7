package model

import (
	"math"
	"slices"
	"testing"

	"github.com/drdc-dev/drdc/runtime/graph"
)

func TestRandom(t *testing.T) {
	conv := graph.Source{Name: "input_blocks.1.0.in_layers.2.weight", Shape: []int{64, 32, 3, 3}}
	v := Random{Seed: 1}.Values(conv)
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if deviation, want := math.Sqrt(sum/float64(len(v))), math.Sqrt(2.0/(32*9)); math.Abs(deviation/want-1) > 0.02 {
		t.Errorf("deviation %g, want about %g", deviation, want)
	}
	if !slices.Equal(v, Random{Seed: 1}.Values(conv)) || slices.Equal(v, Random{Seed: 2}.Values(conv)) {
		t.Error("the values must depend on the seed and on nothing else")
	}
	for name, want := range map[string]float32{
		"out.2.weight": 0, "middle_block.1.proj_out.weight": 0, "input_blocks.1.0.out_layers.3.weight": 0,
		"out.0.weight": 1, "out.0.bias": 0, "_bn0.running_var": 1, "_bn0.running_mean": 0,
	} {
		shape := []int{3}
		if want == 0 && name[len(name)-6:] == "weight" {
			shape = []int{3, 3, 1, 1}
		}
		if got := (Random{Seed: 1}).Values(graph.Source{Name: name, Shape: shape}); slices.Min(got) != want || slices.Max(got) != want {
			t.Errorf("%s: %v, want %g everywhere", name, got, want)
		}
	}
	last := graph.Source{Name: "out.2.weight", Shape: []int{3, 3, 1, 1}}
	if v := (Random{Seed: 1, Full: true}).Values(last); slices.Contains(v, 0) {
		t.Errorf("full %s: %v, want no zeros", last.Name, v)
	}
}
