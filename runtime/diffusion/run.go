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

// Run submits the step of every timestep for one image: padded values of
// [1, S, S, 3] in -1..1. after, which may be nil, is called behind each submission
// with the number of the timestep from 0. Nothing is read back.
func (l *Loop) Run(ctx context.Context, e Exec, image []float32, key Key, after func(step int) error) error {
	if want := kernels.Float(1, l.size, l.size, 3).Shape.Padded(); len(image) != want {
		return fmt.Errorf("diffusion: image of %d values, want %d: %d px and 4 lanes", len(image), want, l.size)
	}
	w := writer{write: e.Write}
	w.floats(inImage, image)
	l.writeSamples(&w, key)
	for i, t := range l.config.Timesteps {
		l.writeTimestep(&w, i)
		if l.config.Noise == Fixed {
			t = 0
		}
		for b, batch := range l.batches {
			w.keys(numbered(inNoise, b), len(batch), func(i int) [4]uint32 { return key.stream(forNoise, batch[i].cell, batch[i].set, t) })
		}
		if w.err != nil {
			return w.err
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

// writeSamples gives every sample its mask and the key of its fill.
func (l *Loop) writeSamples(w *writer, key Key) {
	masks := map[int][][]bool{}
	for _, k := range l.config.Cells {
		masks[k] = Masks(key, l.size, k, l.config.Sets)
	}
	for b, batch := range l.batches {
		var mask []float32
		for _, s := range batch {
			mask = appendMask(mask, masks[s.cell][s.set])
		}
		w.floats(numbered(inMask, b), mask)
		w.keys(numbered(inFill, b), len(batch), func(i int) [4]uint32 { return key.stream(forFill, batch[i].cell, batch[i].set, 0) })
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

// writeTimestep gives the step its coefficients.
func (l *Loop) writeTimestep(w *writer, i int) {
	t, next := l.config.Timesteps[i], 0
	if i+1 < len(l.config.Timesteps) {
		next = l.config.Timesteps[i+1]
	}
	w.pair(inIndex, float64(t-1), 0)
	signal, noise := l.schedule.level(t)
	w.pair(inLevel, signal, noise)
	a, b := l.schedule.predict(t)
	w.pair(inPredict, a, b)
	if l.config.Sampler == DDIM {
		first := 0.0
		if i == 0 {
			first = 1
		}
		w.pair(inFirst, first, 0)
		a, b := l.schedule.advance(t, next)
		w.pair(inAdvance, a, b)
	}
}

// writer keeps the first error.
type writer struct {
	write func(name string, data []byte) error
	err   error
}

func (w *writer) bytes(name string, data []byte) {
	if w.err == nil {
		w.err = w.write(name, data)
	}
}

func (w *writer) floats(name string, v []float32) { w.bytes(name, kernels.Encode(kernels.F32, v)) }

// pair writes the first two of four lanes.
func (w *writer) pair(name string, a, b float64) {
	w.floats(name, []float32{float32(a), float32(b), 0, 0})
}

func (w *writer) keys(name string, n int, key func(i int) [4]uint32) {
	a := kernels.NewArray(kernels.Uint(n, 1, 1, 4))
	for i := range n {
		for j, v := range key(i) {
			a.Row(i)[j] = float64(v)
		}
	}
	w.bytes(name, a.Bytes())
}
