// Package graph builds a network out of kernels and runs it.
//
// A Graph is a list of operations on values, in the order they were applied;
// shapes are checked as it is built and the first error is kept with the path of
// the operation that caused it. Plan merges bias, activation and residual into
// the convolution or matmul before them, norms and doublings into the convolution
// behind them, and decides where every value lives: values whose lifetimes do not
// overlap share bytes of a few arenas. Load allocates, uploads parameters and
// compiles; the resulting Exec is recorded once and replayed with new inputs.
// Reference runs the same graph in float64 on the CPU.
//
// Values that change from replay to replay (timesteps, coefficients, random
// keys) are inputs, small tensors written with Exec.Write. A value that the next
// replay needs is carried: Carry copies an output to an input at the end of
// each replay.
//
//	g := graph.New()
//	x := g.Input("x", kernels.Float(1, 8, 8, 16))
//	g.Output("y", g.Apply(kernels.Unary{Act: kernels.SiLU}, x))
//	plan, err := g.Plan(graph.DeviceLimits(dev))
//
// It may import kernels, shaders and runtime/gpu.
package graph
