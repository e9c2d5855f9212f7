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

// UntrainedModel draws the parameters of all parts of c.
func UntrainedModel(c model.Config, seed uint64) (graph.Store, error) {
	s := untrained{model.Random{Seed: seed, Full: true}, map[string]graph.Source{}}
	for part, has := range map[string]bool{"backbone": c.Backbone != nil, "base": c.Base != nil, "refiner": c.Refiner != nil} {
		if !has {
			continue
		}
		list, err := c.Tensors(part)
		if err != nil {
			return nil, err
		}
		for _, t := range list {
			s.tensors[part+"."+t.Name] = t
		}
	}
	return s, nil
}

type untrained struct {
	random  model.Random
	tensors map[string]graph.Source
}

func (s untrained) Float32(_ context.Context, name string) ([]float32, []int, error) {
	t, ok := s.tensors[name]
	if !ok {
		t, ok = s.tensors[strings.TrimPrefix(name, "refiner.")]
	}
	if !ok {
		return nil, nil, fmt.Errorf("forward: no tensor %q", name)
	}
	return s.random.Values(t), t.Shape, nil
}
