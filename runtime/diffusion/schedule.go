package diffusion

import (
	"fmt"
	"math"
)

// Schedule holds the noise levels of a diffusion process (method 3.6).
type Schedule struct{ alphaBar []float64 } // by timestep; [0] = 1

const maxSteps = 1<<16 - 1 // a timestep is half of a stream word

// NewSchedule makes the schedule "linear" (beta from 1e-4 to 0.02 at 1000 steps) or
// "cosine" (Nichol and Dhariwal 2021) of the given number of steps, 2 to 65,535.
func NewSchedule(name string, steps int) (*Schedule, error) {
	if steps < 2 || steps > maxSteps {
		return nil, fmt.Errorf("diffusion: diffusion_steps %d, want 2 to %d", steps, maxSteps)
	}
	var beta func(i int) float64
	switch name {
	case "linear":
		scale := 1000 / float64(steps)
		first, last := scale*1e-4, scale*0.02
		if last >= 1 {
			return nil, fmt.Errorf("diffusion: diffusion_steps %d of the linear schedule, want 21 or more: beta must stay below 1", steps)
		}
		beta = func(i int) float64 { return first + (last-first)*float64(i)/float64(steps-1) }
	case "cosine":
		level := func(i int) float64 {
			c := math.Cos((float64(i)/float64(steps) + 0.008) / 1.008 * math.Pi / 2)
			return c * c
		}
		beta = func(i int) float64 { return min(1-level(i+1)/level(i), 0.999) }
	default:
		return nil, fmt.Errorf("diffusion: noise_schedule %q, want linear or cosine", name)
	}
	s := &Schedule{make([]float64, steps+1)}
	s.alphaBar[0] = 1
	for i := range steps {
		s.alphaBar[i+1] = s.alphaBar[i] * (1 - beta(i))
	}
	return s, nil
}

// Steps is the number of steps: timesteps are 0, the image, to Steps, noise.
func (s *Schedule) Steps() int { return len(s.alphaBar) - 1 }

// AlphaBar is the share of the image's variance that is left at timestep t, 0 to
// Steps; the model's own index is t-1.
func (s *Schedule) AlphaBar(t int) float64 { return s.alphaBar[t] }

// level returns sqrt(alpha-bar) and sqrt(1 - alpha-bar): an image at timestep t is
// signal times the image plus noise times a standard normal (Eq. 4).
func (s *Schedule) level(t int) (signal, noise float64) {
	return math.Sqrt(s.alphaBar[t]), math.Sqrt(1 - s.alphaBar[t])
}

// predict returns a and b of the predicted image a x_t + b eps (Eq. 7).
func (s *Schedule) predict(t int) (a, b float64) {
	signal, noise := s.level(t)
	return 1 / signal, -noise / signal
}

// advance returns a and b of DDIM's a x_t + b p, the image at timestep next, where p
// is the predicted image after clamping (Eq. 12): the noise that x_t then holds is
// (x_t - signal p) / noise.
func (s *Schedule) advance(t, next int) (a, b float64) {
	signal, noise := s.level(t)
	signalNext, noiseNext := s.level(next)
	a = noiseNext / noise
	return a, signalNext - a*signal
}
