package diffusion

import (
	"fmt"
	"slices"
)

// Sampler says where the image at a timestep comes from.
type Sampler string

const (
	// DDIM goes from timestep to timestep; known cells are put back with the noise of
	// the next one (Eq. 11 to 13).
	DDIM Sampler = "ddim"
	// Parallel noises the initial image anew for every timestep (method 4.7).
	Parallel Sampler = "parallel"
)

// Init says what is noised to begin with.
type Init string

const (
	// NoisedOriginal is the image itself, in known and hidden cells.
	NoisedOriginal Init = "noised_original"
	// NoisedCondition is the condition image, with noise in the hidden cells.
	NoisedCondition Init = "noised_condition"
)

// Noise says how the noise of one timestep relates to that of another.
type Noise string

const (
	// Fresh noise is drawn for every timestep.
	Fresh Noise = "fresh"
	// Fixed noise is drawn once for a trajectory.
	Fixed Noise = "fixed"
)

// Condition says what the denoiser sees beside the noisy image.
type Condition string

const (
	// MaskedImage is the image with noise in the hidden cells (method 4.1): what it
	// learned with. "" means the same.
	MaskedImage Condition = "masked_image"
	// PureNoise is noise in every cell, which tells nothing of the image. It shows how
	// much a denoiser that learned with the image leans on it; one that learned without
	// would be another network.
	PureNoise Condition = "noise"
)

// Config is the choice that the paper leaves open (method 0.2, 4.4).
type Config struct {
	Timesteps []int   `json:"timesteps"` // strictly descending, 1 to the schedule's steps
	Sets      int     `json:"sets"`      // n: sets that the cells are dealt to
	Cells     []int   `json:"cells"`     // K: pixels of a side, each dividing the image
	Scales    []int   `json:"scales"`    // S: factors by which images are shrunk to be compared
	Sampler   Sampler `json:"sampler"`
	Init      Init    `json:"init"`
	Noise     Noise   `json:"noise"`
	Seed      uint64  `json:"seed"`

	Condition Condition `json:"condition,omitempty"`
}

// Default is method 0.2: ten timesteps from 250, two sets, cells of 16 pixels.
func Default() Config {
	return Config{
		Timesteps: []int{250, 225, 200, 175, 150, 125, 100, 75, 50, 25}, Sets: 2, Cells: []int{16}, Scales: []int{1, 2, 4, 8},
		Sampler: DDIM, Init: NoisedOriginal, Noise: Fresh,
	}
}

const (
	maxCell    = 1<<24 - 1 // a cell size is 24 bits of a stream word
	maxSets    = 1 << 16
	maxSamples = 256
	maxMaps    = 4096
)

// Validate names the first field that does not fit images of size x size pixels or
// a schedule of the given number of steps.
func (c Config) Validate(size, steps int) error {
	if len(c.Timesteps) == 0 {
		return fmt.Errorf("diffusion: timesteps: none, want 1 or more")
	}
	for i, t := range c.Timesteps {
		if t < 1 || t > steps {
			return fmt.Errorf("diffusion: timesteps: %d, want 1 to %d", t, steps)
		}
		if i > 0 && t >= c.Timesteps[i-1] {
			return fmt.Errorf("diffusion: timesteps: %d after %d, want descending", t, c.Timesteps[i-1])
		}
	}
	if err := factors("cells", c.Cells, size); err != nil {
		return err
	}
	if err := factors("scales", c.Scales, size); err != nil {
		return err
	}
	for _, k := range c.Cells {
		if cells := (size / k) * (size / k); c.Sets < 2 || c.Sets > min(cells, maxSets) || k > maxCell {
			return fmt.Errorf("diffusion: sets %d, want 2 to the %d cells of %d px in %d px", c.Sets, min(cells, maxSets), k, size)
		}
	}
	if n := len(c.Cells) * c.Sets; n > maxSamples {
		return fmt.Errorf("diffusion: sets %d times %d cell sizes: %d samples, want at most %d", c.Sets, len(c.Cells), n, maxSamples)
	}
	if n := len(c.Maps()); n > maxMaps {
		return fmt.Errorf("diffusion: timesteps, cells and scales make %d maps, want at most %d", n, maxMaps)
	}
	switch {
	case c.Sampler != DDIM && c.Sampler != Parallel:
		return fmt.Errorf("diffusion: sampler %q, want %q or %q", c.Sampler, DDIM, Parallel)
	case c.Init != NoisedOriginal && c.Init != NoisedCondition:
		return fmt.Errorf("diffusion: init %q, want %q or %q", c.Init, NoisedOriginal, NoisedCondition)
	case c.Noise != Fresh && c.Noise != Fixed:
		return fmt.Errorf("diffusion: noise %q, want %q or %q", c.Noise, Fresh, Fixed)
	case c.Condition != "" && c.Condition != MaskedImage && c.Condition != PureNoise:
		return fmt.Errorf("diffusion: condition %q, want %q or %q", c.Condition, MaskedImage, PureNoise)
	}
	return nil
}

// factors checks a list of different divisors of size.
func factors(name string, list []int, size int) error {
	if len(list) == 0 {
		return fmt.Errorf("diffusion: %s: none, want 1 or more", name)
	}
	for i, f := range list {
		if f < 1 || size%f != 0 {
			return fmt.Errorf("diffusion: %s: %d does not divide the image size %d", name, f, size)
		}
		if slices.Contains(list[:i], f) {
			return fmt.Errorf("diffusion: %s: %d is there twice", name, f)
		}
	}
	return nil
}

// Map names a channel of the stack.
type Map struct{ Timestep, Cell, Scale int }

// Maps lists the channels of the stack: timesteps as in c, for each the cell sizes,
// for each the scales.
func (c Config) Maps() []Map {
	var ms []Map
	for _, t := range c.Timesteps {
		for _, k := range c.Cells {
			for _, s := range c.Scales {
				ms = append(ms, Map{t, k, s})
			}
		}
	}
	return ms
}

// sample is one trajectory: the cells of one size that one set hides.
type sample struct{ cell, set int }

func (c Config) samples() []sample {
	var ss []sample
	for _, k := range c.Cells {
		for i := range c.Sets {
			ss = append(ss, sample{k, i})
		}
	}
	return ss
}
