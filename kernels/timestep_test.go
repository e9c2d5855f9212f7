package kernels

import (
	"math"
	"testing"
)

// TestTimestepGolden has the numbers of method 3.1: t = 249, 64 channels.
func TestTimestepGolden(t *testing.T) {
	y := reference(t, Timestep{Dim: 64}, array(1, 1, 1, 1, 249)).Row(0)
	for _, g := range []struct {
		channel int
		want    float64
	}{{0, -0.686465}, {1, -0.199752}, {2, -0.220295}, {31, 0.999449}, {32, -0.727163}, {33, -0.979846}, {34, 0.975433}, {63, 0.033199}} {
		// Given to six digits by a program that worked in float32: 249*2^-24 of an angle.
		if d := math.Abs(y[g.channel] - g.want); d > 2e-5 {
			t.Errorf("channel %d: %.6f, want %.6f", g.channel, y[g.channel], g.want)
		}
	}
}

func TestTimestepOdd(t *testing.T) {
	got := reference(t, Timestep{Dim: 5, MaxPeriod: 16}, array(1, 1, 1, 1, 1))
	wantClose(t, got, array(1, 1, 1, 5, math.Cos(1), math.Cos(0.25), math.Sin(1), math.Sin(0.25), 0), 1e-30)
}

func TestTimestepRefuses(t *testing.T) {
	steps := []Tensor{Float(3, 1, 1, 1)}
	wantRefused(t, []badShape{
		{Timestep{Dim: 1}, steps, "dim 1"},
		{Timestep{Dim: 1 << 17}, steps, "dim 131072"},
		{Timestep{Dim: 8, MaxPeriod: 1}, steps, "largest period 1"},
		{Timestep{Dim: 8, MaxPeriod: math.NaN()}, steps, "largest period NaN"},
		{Timestep{Dim: 8}, []Tensor{Float(3, 1, 1, 2)}, "timesteps 3x1x1x2, want 3x1x1x1"},
	})
}
