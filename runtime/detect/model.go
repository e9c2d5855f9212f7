package detect

import (
	"context"
	"fmt"
	"math"

	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/weights"
)

// Model is what a model file holds.
type Model struct {
	Config model.Config
	Store  graph.Store // tensors by their full names, such as "refiner.out.2.weight"
	Digest string      // identity of the file
}

// FromFile reads the configuration of a model file, which must stay open as long as
// Detectors are being opened.
func FromFile(f *weights.File) (Model, error) {
	c, err := model.Parse(f.Config())
	if err != nil {
		return Model{}, err
	}
	return Model{c, fileStore{f}, f.Digest()}, nil
}

// fileStore is a graph.Store over a model file.
type fileStore struct{ file *weights.File }

// Float32 implements graph.Store.
func (s fileStore) Float32(ctx context.Context, name string) ([]float32, []int, error) {
	t, err := s.file.Tensor(name)
	if err != nil {
		return nil, nil, err
	}
	data, err := s.file.Float32(ctx, name)
	return data, t.Shape, err
}

// finiteStore refuses tensors with NaN or Inf: activations such as ReLU can hide
// them.
type finiteStore struct{ graph.Store }

// Float32 implements graph.Store.
func (s finiteStore) Float32(ctx context.Context, name string) ([]float32, []int, error) {
	data, shape, err := s.Store.Float32(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	bad := 0
	for _, v := range data {
		if math.Float32bits(v)&0x7f800000 == 0x7f800000 {
			bad++
		}
	}
	if bad > 0 {
		return nil, nil, fmt.Errorf("tensor %q: %w: %d of them", name, graph.ErrNonFinite, bad)
	}
	return data, shape, nil
}
