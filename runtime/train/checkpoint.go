package train

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/weights"
)

// fresh is a store in which training has not begun: moments are zero and the
// average is the weights.
type fresh struct {
	graph.Store
	shapes map[string][]int // of the tensors that are trained
}

func (s fresh) Float32(ctx context.Context, name string) ([]float32, []int, error) {
	for _, prefix := range []string{firstMoment, secondMoment} {
		if of, ok := strings.CutPrefix(name, prefix); ok {
			return make([]float32, size(s.shapes[of])), s.shapes[of], nil
		}
	}
	return s.Store.Float32(ctx, strings.TrimPrefix(name, average))
}

// shapes are those of the stored tensors of the trained parameters.
func (p *Plan) shapes() map[string][]int {
	m := map[string][]int{}
	for _, at := range p.params {
		for _, s := range at.param.From {
			m[s.Name] = s.Shape
		}
	}
	return m
}

// checkpoint is a model file as a store.
type checkpoint struct{ *weights.File }

func (c checkpoint) Float32(ctx context.Context, name string) ([]float32, []int, error) {
	t, err := c.Tensor(name)
	if err != nil {
		return nil, nil, err
	}
	data, err := c.File.Float32(ctx, name)
	return data, t.Shape, err
}

// Resume is Load from a file that Save wrote: training goes on where it was, with
// the same losses bit for bit on the same device. progress may be nil.
func (p *Plan) Resume(ctx context.Context, dev *gpu.Device, f *weights.File, progress func(done, total int)) (*Trainer, error) {
	step, err := f.Float32(ctx, stepTensor)
	if err != nil {
		return nil, fmt.Errorf("train: no checkpoint: %w", err)
	}
	if len(step) != 1 || !(step[0] >= 0 && step[0] < 1<<24) || step[0] != float32(int(step[0])) {
		return nil, fmt.Errorf("train: %s is %v, want one number of steps below %d", stepTensor, step, 1<<24)
	}
	return p.load(ctx, dev, checkpoint{f}, int(step[0]), progress)
}

// fixed reads the stored tensors that are not trained, or not as a whole.
func (p *Plan) fixed(ctx context.Context, store graph.Store) (map[string][]float32, error) {
	covered := map[string]int{}
	for _, at := range p.params {
		for _, j := range at.index {
			for _, s := range at.param.From {
				if j >= 0 && j < size(s.Shape) {
					covered[s.Name]++
					break
				}
				j -= size(s.Shape)
			}
		}
	}
	fixed := map[string][]float32{}
	for _, s := range p.stored() {
		if covered[s.Name] >= size(s.Shape) {
			continue
		}
		data, _, err := store.Float32(ctx, s.Name)
		if err != nil {
			return nil, err
		}
		fixed[s.Name] = data
	}
	return fixed, nil
}

// Tensors returns the network's stored tensors as they are now: those of the moving
// average where there is one and averaged is set.
func (t *Trainer) Tensors(ctx context.Context, averaged bool) ([]weights.Named, error) {
	prefix := ""
	if averaged && t.plan.options.EMA > 0 {
		prefix = average
	}
	data, err := t.unpack(ctx, prefix)
	if err != nil {
		return nil, err
	}
	var list []weights.Named
	for _, s := range t.plan.stored() {
		list = append(list, weights.Named{Name: s.Name, Shape: s.Shape, Data: data[prefix+s.Name]})
	}
	return list, nil
}

// unpack reads the trained parameters, or their states with the prefix, over
// the tensors that are fixed.
func (t *Trainer) unpack(ctx context.Context, prefix string) (map[string][]float32, error) {
	data := map[string][]float32{}
	for name, v := range t.fixed {
		if prefix == "" || prefix == average { // moments of what is not trained are zero
			data[prefix+name] = slices.Clone(v)
		}
	}
	shapes := t.plan.shapes()
	for name, shape := range shapes {
		if data[prefix+name] == nil {
			data[prefix+name] = make([]float32, size(shape))
		}
	}
	for _, at := range t.plan.params {
		p := at.param
		if prefix != "" {
			p = state(p, prefix)
		}
		packed, err := t.params.Read(ctx, p)
		if err != nil {
			return nil, err
		}
		at.unpack(packed, data, prefix)
	}
	return data, nil
}

// Save writes a checkpoint at path, as weights.Write does: a crash leaves the old
// file or the new one. It is a model file of the weights, not of their average, with
// the parts "adamw" and "ema" besides those of meta; Resume reads it. An error wraps
// weights.ErrNotFinite when a weight is not finite.
func (t *Trainer) Save(ctx context.Context, path string, meta weights.Meta) error {
	list, err := t.Tensors(ctx, false)
	if err != nil {
		return err
	}
	meta.Parts = maps.Clone(meta.Parts)
	if meta.Parts == nil {
		meta.Parts = map[string]weights.Part{}
	}
	meta.Parts["adamw"] = weights.Part{Arch: "adamw"}
	states := []string{firstMoment, secondMoment}
	if t.plan.options.EMA > 0 {
		meta.Parts["ema"] = weights.Part{Arch: "ema"}
		states = append(states, average)
	}
	shapes := t.plan.shapes()
	for _, prefix := range states {
		data, err := t.unpack(ctx, prefix)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(shapes)) {
			list = append(list, weights.Named{Name: prefix + name, Shape: shapes[name], Data: data[prefix+name]})
		}
	}
	list = append(list, weights.Named{Name: stepTensor, Shape: []int{1}, Data: []float32{float32(t.steps)}})
	_, err = weights.Write(path, meta, list)
	return err
}
