package diffusion

import (
	"context"
	"fmt"

	"github.com/drdc-dev/drdc/kernels"
)

// Exec runs the graph that a Loop is part of.
type Exec interface {
	// Write gives an input its bytes for the next replays.
	Write(name string, data []byte) error
	// Submit replays the graph once.
	Submit(ctx context.Context) error
}

// Inputs are the bytes of the inputs of all steps for one image.
type Inputs struct {
	image inputs
	steps []inputs
}

// Inputs works out the inputs of the steps for one image: padded values of
// [1, S, S, 3] in -1..1.
func (l *Loop) Inputs(image []float32, key Key) (*Inputs, error) {
	if want := kernels.Float(1, l.size, l.size, 3).Shape.Padded(); len(image) != want {
		return nil, fmt.Errorf("diffusion: image of %d values, want %d: %d px and 4 lanes", len(image), want, l.size)
	}
	in := &Inputs{}
	in.image.floats(inImage, image)
	l.samples(&in.image, key)
	for i, t := range l.config.Timesteps {
		var step inputs
		l.timestep(&step, i)
		if l.config.Noise == Fixed {
			t = 0
		}
		for b, batch := range l.batches {
			step.keys(numbered(inNoise, b), len(batch), func(i int) [4]uint32 { return key.stream(forNoise, batch[i].cell, batch[i].set, t) })
		}
		in.steps = append(in.steps, step)
	}
	return in, nil
}

// Run submits the step of every timestep. after, which may be nil, is called behind
// each submission with the number of the timestep from 0. Nothing is read back.
func (l *Loop) Run(ctx context.Context, e Exec, in *Inputs, after func(step int) error) error {
	if err := in.image.write(e.Write); err != nil {
		return err
	}
	for i, step := range in.steps {
		if err := step.write(e.Write); err != nil {
			return err
		}
		if err := e.Submit(ctx); err != nil {
			return err
		}
		if after != nil {
			if err := after(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// samples gives every sample its mask and the key of its fill.
func (l *Loop) samples(in *inputs, key Key) {
	masks := map[int][][]bool{}
	for _, k := range l.config.Cells {
		masks[k] = Masks(key, l.size, k, l.config.Sets)
	}
	for b, batch := range l.batches {
		var mask []float32
		for _, s := range batch {
			mask = appendMask(mask, masks[s.cell][s.set])
		}
		in.floats(numbered(inMask, b), mask)
		in.keys(numbered(inFill, b), len(batch), func(i int) [4]uint32 { return key.stream(forFill, batch[i].cell, batch[i].set, 0) })
	}
}

// appendMask adds the padded values of a mask: 1 where the pixel is known.
func appendMask(values []float32, mask []bool) []float32 {
	for _, known := range mask {
		v := float32(0)
		if known {
			v = 1
		}
		values = append(values, v, 0, 0, 0)
	}
	return values
}

// timestep gives the step its coefficients.
func (l *Loop) timestep(in *inputs, i int) {
	t, next := l.config.Timesteps[i], 0
	if i+1 < len(l.config.Timesteps) {
		next = l.config.Timesteps[i+1]
	}
	in.pair(inIndex, float64(t-1), 0)
	signal, noise := l.schedule.level(t)
	in.pair(inLevel, signal, noise)
	a, b := l.schedule.predict(t)
	in.pair(inPredict, a, b)
	if l.config.Sampler == DDIM {
		first := 0.0
		if i == 0 {
			first = 1
		}
		in.pair(inFirst, first, 0)
		a, b := l.schedule.advance(t, next)
		in.pair(inAdvance, a, b)
	}
}

// input is an input of a graph with its bytes.
type input struct {
	name string
	data []byte
}

// inputs are in the order in which they are written.
type inputs []input

func (in inputs) write(write func(name string, data []byte) error) error {
	for _, i := range in {
		if err := write(i.name, i.data); err != nil {
			return err
		}
	}
	return nil
}

func (in *inputs) bytes(name string, data []byte) {
	*in = append(*in, input{name, data})
}

func (in *inputs) floats(name string, v []float32) { in.bytes(name, kernels.Encode(kernels.F32, v)) }

// pair adds the first two of four lanes.
func (in *inputs) pair(name string, a, b float64) {
	in.floats(name, []float32{float32(a), float32(b), 0, 0})
}

func (in *inputs) keys(name string, n int, key func(i int) [4]uint32) {
	a := kernels.NewArray(kernels.Uint(n, 1, 1, 4))
	for i := range n {
		for j, v := range key(i) {
			a.Row(i)[j] = float64(v)
		}
	}
	in.bytes(name, a.Bytes())
}
