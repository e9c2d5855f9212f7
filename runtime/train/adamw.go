package train

import (
	"fmt"
	"math"
)

// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter 2019).
type AdamW struct {
	LR           float64 // learning rate before the schedule
	Beta1, Beta2 float64 // of the moving averages of the gradient and its square
	Eps          float64
	Decay        float64 // of the weights, times the learning rate, every step
	Clip         float64 // largest norm of all gradients together; 0: no limit
}

// DefaultAdamW has the settings of UniAD (method 2.4).
func DefaultAdamW() AdamW {
	return AdamW{LR: 1e-4, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 1e-4, Clip: 0.1}
}

// Validate names the first field that has no meaning.
func (a AdamW) Validate() error {
	for _, f := range []struct {
		name             string
		value, low, high float64
	}{
		{"learning rate", a.LR, 0, 1}, {"beta1", a.Beta1, 0, 0.99999}, {"beta2", a.Beta2, 0, 0.99999},
		{"eps", a.Eps, 1e-12, 1}, {"decay", a.Decay, 0, 1}, {"clip", a.Clip, 0, math.MaxFloat32},
	} {
		if !(f.value >= f.low && f.value <= f.high) {
			return fmt.Errorf("train: %s %g, want %g to %g", f.name, f.value, f.low, f.high)
		}
	}
	return nil
}

// settings are those of kernels.AdamW for step t, counted from 1; share is that of the
// old weights in the moving average.
func (a AdamW) settings(t int, lr, share float64) []float32 {
	c1, c2 := 1-math.Pow(a.Beta1, float64(t)), 1-math.Pow(a.Beta2, float64(t))
	return []float32{
		float32(lr), float32(a.Beta1), float32(a.Beta2), float32(a.Eps), float32(a.Decay),
		float32(c1), float32(c2), float32(a.Clip), float32(share), float32(1 - share),
	}
}
