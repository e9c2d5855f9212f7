package diffusion

import (
	"fmt"
	"slices"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Loop is the work on images of one size: which samples there are and which of them
// the denoiser sees at once.
type Loop struct {
	config   Config
	schedule *Schedule
	size     int
	batches  [][]sample
}

// NewLoop checks c against images of size x size pixels and the schedule. batch, from
// 1 on, is how many samples the denoiser sees at once: it changes the memory that a
// step takes, and no value.
func NewLoop(c Config, s *Schedule, size, batch int) (*Loop, error) {
	if err := c.Validate(size, s.Steps()); err != nil {
		return nil, err
	}
	if batch < 1 {
		return nil, fmt.Errorf("diffusion: batch %d, want 1 or more", batch)
	}
	l := &Loop{config: c, schedule: s, size: size}
	for part := range slices.Chunk(c.samples(), batch) {
		l.batches = append(l.batches, part)
	}
	return l, nil
}

// Samples is the number of trajectories of an image: sets times cell sizes.
func (c Config) Samples() int { return len(c.Cells) * c.Sets }

// Names of the inputs of a step. Those of a batch have its number behind them.
const (
	inImage   = "diffusion.image"   // [1, S, S, 3]
	inIndex   = "diffusion.index"   // the model's index of the timestep
	inLevel   = "diffusion.level"   // factors of image and noise
	inPredict = "diffusion.predict" // of Eq. 7
	inAdvance = "diffusion.advance" // of Eq. 12
	inFirst   = "diffusion.first"   // 1 at the first timestep
	inMask    = "diffusion.mask"    // [N, S, S, 1], 0 in hidden cells
	inFill    = "diffusion.fill"    // keys [N, 1, 1, 4]
	inNoise   = "diffusion.noise"   // keys [N, 1, 1, 4]
)

// Predicted names the output [1, S, S, 3] of the image that was predicted at the last
// timestep run, for cell size number k of the configuration (Eq. 8).
func Predicted(k int) string { return numbered("diffusion.predicted", k) }

func numbered(name string, i int) string { return fmt.Sprintf("%s.%d", name, i) }

// Build adds the step of one timestep to g and returns the stack [1, S, S, M]: when
// Run has done the last timestep, its channels are those of Config.Maps (Eq. 14).
// Errors are kept by g.
func (l *Loop) Build(g *graph.Graph, d Denoiser) (stack graph.Value) {
	defer g.Scope("diffusion")()
	b := builder{Graph: g, Loop: l, denoiser: d}
	b.image = g.Input(inImage, kernels.Float(1, l.size, l.size, 3))
	b.index = g.Input(inIndex, kernels.Float(1, 1, 1, 1))
	b.level = g.Input(inLevel, kernels.Float(1, 1, 1, 2))
	b.predict = g.Input(inPredict, kernels.Float(1, 1, 1, 2))
	if l.config.Sampler == DDIM {
		b.advance = g.Input(inAdvance, kernels.Float(1, 1, 1, 2))
		b.first = g.Input(inFirst, kernels.Float(1, 1, 1, 1))
	}
	var parts []painted
	for i, batch := range l.batches {
		parts = append(parts, b.batch(i, len(batch))...)
	}
	var maps []graph.Value
	shrunk := make([]graph.Value, len(l.config.Scales))
	for i, s := range l.config.Scales {
		shrunk[i] = b.shrink(b.image, s)
	}
	for k := range l.config.Cells {
		image := b.stitch(parts[k*l.config.Sets : (k+1)*l.config.Sets])
		g.Output(Predicted(k), image)
		for i, s := range l.config.Scales {
			maps = append(maps, b.difference(shrunk[i], b.shrink(image, s)))
		}
	}
	return b.last("diffusion.stack", b.concat(maps))
}

// builder adds the nodes of a step.
type builder struct {
	*graph.Graph
	*Loop
	denoiser                                     Denoiser
	image, index, level, predict, advance, first graph.Value
}

// painted is what one sample gives: the predicted image and where it counts.
type painted struct{ image, mask graph.Value } // [1, S, S, 3], [1, S, S, 1]

// batch adds the step of n samples.
func (b *builder) batch(number, n int) []painted {
	s := b.size
	mask := b.Input(numbered(inMask, number), kernels.Float(n, s, s, 1))
	random := func(name string) graph.Value {
		return b.Apply(kernels.Noise{H: s, W: s, C: 3}, b.Input(numbered(name, number), kernels.Uint(n, 1, 1, 4)))
	}
	// Both sides are the image: the selection only repeats it for every sample.
	clean := b.Apply(kernels.Select{}, mask, b.image, b.image)
	fill := random(inFill)
	masked := b.Apply(kernels.Select{}, mask, b.image, fill)
	from, condition := clean, masked
	if b.config.Init == NoisedCondition {
		from = masked
	}
	if b.config.Condition == PureNoise {
		condition = fill
	}
	x := b.Apply(kernels.AxpBy{}, from, random(inNoise), b.level)
	state := numbered("diffusion.x", number)
	if b.config.Sampler == DDIM {
		known := b.Apply(kernels.Binary{Op: kernels.Maximum}, mask, b.first)
		x = b.Apply(kernels.Select{}, known, x, b.Input(state, kernels.Float(n, s, s, 3)))
	}
	eps := b.denoiser.Denoise(b.Graph, Noisy{X: x, Condition: condition, Index: b.index, Clean: clean, Level: b.level})
	b.check(number, eps)
	image := b.Apply(kernels.Clamp{Lo: -1, Hi: 1}, b.Apply(kernels.AxpBy{}, x, eps, b.predict))
	if b.config.Sampler == DDIM {
		next := state + ".next"
		b.Output(next, b.Apply(kernels.AxpBy{}, x, image, b.advance))
		b.Carry(next, state)
	}
	parts := make([]painted, n)
	for i := range parts {
		one := kernels.Slice{Axis: 0, Start: i, Len: 1}
		parts[i] = painted{b.Apply(one, image), b.Apply(one, mask)}
	}
	return parts
}

// check tests the predicted noise of every timestep: clamping hides a NaN, and a sum
// keeps it until the last timestep.
func (b *builder) check(number int, eps graph.Value) {
	sum := b.Apply(kernels.Reduce{Op: kernels.Sum, Axes: kernels.All}, eps)
	b.Check(numbered("refiner: predicted noise of batch", number), b.last(numbered("diffusion.sum", number), sum))
}

// stitch puts together what each set painted in its hidden cells (Eq. 8).
func (b *builder) stitch(parts []painted) graph.Value {
	image := parts[0].image
	for _, p := range parts[1:] {
		image = b.Apply(kernels.Select{}, p.mask, image, p.image)
	}
	return image
}

// shrink is D_s: the mean over s x s pixels.
func (b *builder) shrink(x graph.Value, s int) graph.Value {
	if s == 1 {
		return x
	}
	return b.Apply(kernels.Pool{Kind: kernels.PoolAvg, Window: [2]int{s, s}, Stride: [2]int{s, s}}, x)
}

// difference is the distance of two images of a scale at the size of the image
// (Eq. 14).
func (b *builder) difference(x, y graph.Value) graph.Value {
	d := b.Apply(kernels.L2Norm{}, x, y)
	if b.Tensor(d).Shape[1] == b.size {
		return d
	}
	return b.Apply(kernels.Resize{Mode: kernels.Bilinear, H: b.size, W: b.size}, d)
}

func (b *builder) concat(vs []graph.Value) graph.Value {
	if len(vs) == 1 {
		return vs[0]
	}
	return b.Apply(kernels.Concat{}, vs...)
}

// last puts the channels of v behind those of the timesteps before, and lets go of
// the oldest: after the last timestep these are the channels of all of them.
func (b *builder) last(name string, v graph.Value) graph.Value {
	t, steps := b.Tensor(v), len(b.config.Timesteps)
	if steps == 1 {
		return v
	}
	n := t.Shape[3]
	t.Shape[3] *= steps
	before := b.Input(name, t)
	all := b.Apply(kernels.Concat{}, b.Apply(kernels.Slice{Axis: 3, Start: n, Len: (steps - 1) * n}, before), v)
	b.Output(name+".next", all)
	b.Carry(name+".next", name)
	return all
}
