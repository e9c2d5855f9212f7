package train

import "math"

// Schedule is the factor of the learning rate of a step, counted from 0.
type Schedule func(step int) float64

// Constant leaves the learning rate as it is.
func Constant() Schedule { return func(int) float64 { return 1 } }

// StepDecay multiplies it by gamma after every so many steps (PyTorch's StepLR).
func StepDecay(every int, gamma float64) Schedule {
	return func(step int) float64 { return math.Pow(gamma, float64(step/every)) }
}

// Cosine rises from 0 over the steps of warmup and falls to floor at step total as
// half a period of a cosine (Loshchilov and Hutter 2017).
func Cosine(warmup, total int, floor float64) Schedule {
	return func(step int) float64 {
		if step < warmup {
			return float64(step+1) / float64(warmup+1)
		}
		done := float64(step-warmup) / float64(max(1, total-warmup))
		return floor + (1-floor)*(1+math.Cos(math.Pi*min(1, done)))/2
	}
}
