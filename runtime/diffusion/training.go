package diffusion

import (
	"fmt"
	"math"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// TrainingConfig says what a denoiser is shown (method 6.2).
type TrainingConfig struct {
	Cells   []int `json:"cells"`    // K: a sample has one of these cell sizes
	Sets    int   `json:"sets"`     // n: one of so many sets of its cells is hidden
	MaxStep int   `json:"max_step"` // its timestep is 1 to MaxStep, all as likely
}

// DefaultTraining hides half of an image in cells of 4, 8 or 16 pixels and noises it
// up to timestep 500: inference never begins above 250.
func DefaultTraining() TrainingConfig {
	return TrainingConfig{Cells: []int{4, 8, 16}, Sets: 2, MaxStep: 500}
}

// Validate names the first field that does not fit images of size x size pixels or
// a schedule of the given number of steps.
func (c TrainingConfig) Validate(size, steps int) error {
	if c.MaxStep < 1 || c.MaxStep > steps {
		return fmt.Errorf("diffusion: training up to timestep %d, want 1 to %d", c.MaxStep, steps)
	}
	return Config{
		Timesteps: []int{1}, Sets: c.Sets, Cells: c.Cells, Scales: []int{1},
		Sampler: Parallel, Init: NoisedOriginal, Noise: Fresh,
	}.Validate(size, steps)
}

// Training composes batches of images of one size as Eq. 10 has them.
type Training struct {
	config   TrainingConfig
	schedule *Schedule
	size     int
	batch    int
}

// NewTraining checks c against images of size x size pixels and the schedule; batch,
// from 1 on, is the number of samples that are shown at once.
func NewTraining(c TrainingConfig, s *Schedule, size, batch int) (*Training, error) {
	if err := c.Validate(size, s.Steps()); err != nil {
		return nil, err
	}
	if batch < 1 {
		return nil, fmt.Errorf("diffusion: training batch %d, want 1 or more", batch)
	}
	return &Training{c, s, size, batch}, nil
}

// TrainingSample is what is done to one image.
type TrainingSample struct {
	Key       Key
	Cell, Set int // the hidden cells
	Timestep  int
}

// Draw chooses what is done to the image of a sample.
func (t *Training) Draw(k Key) TrainingSample {
	w := words{stream: k.stream(forChoice, 0, 0, 0)}
	s := TrainingSample{Key: k}
	s.Cell = t.config.Cells[w.below(len(t.config.Cells))]
	s.Set = w.below(t.config.Sets)
	s.Timestep = 1 + w.below(t.config.MaxStep)
	return s
}

// Shown are the values of a batch, [N, S, S, 3] each.
type Shown struct {
	Image     graph.Value // x_0
	Condition graph.Value // x_c: x_0 with noise in the hidden cells
	Noisy     graph.Value // x_t (Eq. 4)
	Noise     graph.Value // epsilon, the noise in x_t
	Predicted graph.Value // what the denoiser takes it for
}

// Build adds a batch to g, composed on the device from the inputs that Write fills,
// and the denoiser's answer. Training brings Predicted close to Noise over all pixels
// (Eq. 10). Errors are kept by g.
func (t *Training) Build(g *graph.Graph, d Denoiser) Shown {
	leave := g.Scope("batch")
	n, s := t.batch, t.size
	random := func(name string) graph.Value {
		return g.Apply(kernels.Noise{H: s, W: s, C: 3}, g.Input(name, kernels.Uint(n, 1, 1, 4)))
	}
	var b Shown
	b.Image = g.Input(inImage, kernels.Float(n, s, s, 3))
	b.Condition = g.Apply(kernels.Select{}, g.Input(inMask, kernels.Float(n, s, s, 1)), b.Image, random(inFill))
	b.Noise = random(inNoise)
	level := g.Input(inLevel, kernels.Float(n, 1, 1, 2))
	b.Noisy = g.Apply(kernels.AxpBy{}, b.Image, b.Noise, level)
	leave()
	b.Predicted = d.Denoise(g, Noisy{
		X: b.Noisy, Condition: b.Condition, Index: g.Input(inIndex, kernels.Float(n, 1, 1, 1)),
		Clean: b.Image, Level: level,
	})
	return b
}

// Write fills the inputs of a batch: images holds the padded values of
// [N, S, S, 3] in -1..1, write gives an input of the graph its bytes.
func (t *Training) Write(write func(name string, data []byte) error, images []float32, batch []TrainingSample) error {
	if want := kernels.Float(t.batch, t.size, t.size, 3).Shape.Padded(); len(images) != want || len(batch) != t.batch {
		return fmt.Errorf("diffusion: %d samples and %d values, want %d and %d: %d px and 4 lanes", len(batch), len(images), t.batch, want, t.size)
	}
	var mask, index, level []float32
	for _, s := range batch {
		mask = appendMask(mask, Masks(s.Key, t.size, s.Cell, t.config.Sets)[s.Set])
		signal, noise := t.schedule.level(s.Timestep)
		index = append(index, float32(s.Timestep-1), 0, 0, 0)
		level = append(level, float32(signal), float32(noise), 0, 0)
	}
	var in inputs
	in.floats(inImage, images)
	in.floats(inMask, mask)
	in.floats(inIndex, index)
	in.floats(inLevel, level)
	in.keys(inFill, len(batch), func(i int) [4]uint32 {
		s := batch[i]
		return s.Key.stream(forFill, s.Cell, s.Set, 0)
	})
	in.keys(inNoise, len(batch), func(i int) [4]uint32 {
		s := batch[i]
		return s.Key.stream(forNoise, s.Cell, s.Set, s.Timestep)
	})
	return in.write(write)
}

// Denoised is the image that a prediction of the noise in x_t at a timestep amounts
// to, clamped to -1..1 (Eq. 7), for padded values of pixels.
func (t *Training) Denoised(noisy, predicted []float32, timestep int) []float32 {
	a, b := t.schedule.predict(timestep)
	x := make([]float32, len(noisy))
	for i := range x {
		x[i] = float32(math.Min(1, math.Max(-1, a*float64(noisy[i])+b*float64(predicted[i]))))
	}
	return x
}
