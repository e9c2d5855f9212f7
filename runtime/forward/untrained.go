package forward

import (
	"context"
	"fmt"
	"strings"

	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model"
)

// Untrained draws the parameters of r: all of them, so that its output depends on each.
func Untrained(r model.Refiner, seed uint64) graph.Store {
	s := untrained{model.Random{Seed: seed, Full: true}, map[string]graph.Source{}}
	for _, t := range r.Tensors() {
		s.tensors[t.Name] = t
	}
	return s
}

type untrained struct {
	random  model.Random
	tensors map[string]graph.Source
}

func (s untrained) Float32(_ context.Context, name string) ([]float32, []int, error) {
	t, ok := s.tensors[strings.TrimPrefix(name, "refiner.")]
	if !ok {
		return nil, nil, fmt.Errorf("forward: no tensor %q", name)
	}
	return s.random.Values(t), t.Shape, nil
}
