package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
)

// Store gives stored tensors by name: a model file, or values made for a test.
type Store interface {
	// Float32 returns the values of a tensor, row-major, and its shape.
	Float32(ctx context.Context, name string) (data []float32, shape []int, err error)
}

// Values is a Store in memory.
type Values map[string]struct {
	Shape []int
	Data  []float32
}

// Float32 implements Store.
func (v Values) Float32(_ context.Context, name string) ([]float32, []int, error) {
	t, ok := v[name]
	if !ok {
		return nil, nil, fmt.Errorf("graph: no tensor %q", name)
	}
	return t.Data, t.Shape, nil
}

// Load reads what the parameter is made of, checks the shapes and packs it. The
// result has the padded values of Tensor.
func (p Param) Load(ctx context.Context, s Store) ([]float32, error) {
	from := make([][]float32, len(p.From))
	for i, src := range p.From {
		data, shape, err := s.Float32(ctx, src.Name)
		if err != nil {
			return nil, fmt.Errorf("graph: parameter %q: %w", p.Name, err)
		}
		if !slices.Equal(shape, src.Shape) {
			return nil, fmt.Errorf("graph: parameter %q: %w: tensor %q is %v, want %v", p.Name, kernels.ErrShape, src.Name, shape, src.Shape)
		}
		from[i] = data
	}
	data := p.Pack(from)
	if len(data) != p.Tensor.Shape.Padded() {
		return nil, fmt.Errorf("graph: parameter %q: %w: packed to %d values, %v has %d", p.Name, kernels.ErrShape, len(data), p.Tensor, p.Tensor.Shape.Padded())
	}
	return data, nil
}

// Params are parameters on a device, shared by the Execs that were loaded with
// them. It is not safe for concurrent use, except that Plan.Load reads it while Load
// runs.
type Params struct {
	dev     *gpu.Device
	buffers map[string]*gpu.Buffer
	loaded  map[string]bool // of those with a buffer
}

// NewParams returns an empty set for dev.
func NewParams(dev *gpu.Device) *Params {
	return &Params{dev, map[string]*gpu.Buffer{}, map[string]bool{}}
}

// Reserve allocates the parameters of g that are not there yet, which is all that
// Plan.Load needs. Load loads them later, or meanwhile.
func (ps *Params) Reserve(g *Graph) error {
	if g.err != nil {
		return g.err
	}
	for _, p := range g.params {
		if ps.buffers[p.Name] != nil {
			continue
		}
		b, err := ps.dev.NewBuffer(p.Name, uint64(p.room(DeviceLimits(ps.dev).Target)), gpu.UseStorage|gpu.UseUniform)
		if err != nil {
			return err
		}
		ps.buffers[p.Name] = b
	}
	return nil
}

// Load reserves the parameters of g and uploads those that are not loaded yet, in the
// order of the names of their tensors: that of a model file, which is then read from
// front to back and may still be arriving. progress, which may be nil, is told the
// parameters done and the total.
func (ps *Params) Load(ctx context.Context, g *Graph, s Store, progress func(done, total int)) error {
	if err := ps.Reserve(g); err != nil {
		return err
	}
	order := slices.SortedStableFunc(slices.Values(g.params), func(a, b Param) int {
		return cmp.Compare(a.lastTensor(), b.lastTensor())
	})
	for i, p := range order {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !ps.loaded[p.Name] {
			if err := ps.load(ctx, p, s); err != nil {
				return err
			}
		}
		if progress != nil {
			progress(i+1, len(g.params))
		}
	}
	return nil
}

// room is the size of the buffer of p. Vectors are never read through windows.
func (p Param) room(t kernels.Target) int {
	if p.Tensor.Shape.Pixels() == 1 {
		return p.Tensor.Bytes()
	}
	return t.Room(p.Tensor.Bytes())
}

// Bytes is the size of all parameters together.
func (ps *Params) Bytes() int {
	n := 0
	for _, b := range ps.buffers {
		n += int(b.Size())
	}
	return n
}

// lastTensor is the greatest name of the tensors that p is made of, "" for none.
func (p Param) lastTensor() string {
	last := ""
	for _, src := range p.From {
		last = max(last, src.Name)
	}
	return last
}

func (ps *Params) load(ctx context.Context, p Param, s Store) error {
	data, err := p.Load(ctx, s)
	if err != nil {
		return err
	}
	if err := ps.dev.Write(ps.buffers[p.Name], 0, kernels.Encode(p.Tensor.Type, data)); err != nil {
		return err
	}
	ps.loaded[p.Name] = true
	return nil
}

// Close frees the buffers.
func (ps *Params) Close() error {
	var errs []error
	for _, b := range ps.buffers {
		errs = append(errs, b.Close())
	}
	clear(ps.buffers)
	clear(ps.loaded)
	return errors.Join(errs...)
}
