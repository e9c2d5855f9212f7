// Package modeltest compares networks with PyTorch in tests.
//
// A golden holds no weights: weights and inputs come from a counter-based
// generator that testdata/golden/models/common.py has too. Large outputs are
// compared at samples and by their norm.
//
// It may import kernels, runtime/gpu and runtime/graph; only tests import it.
//
//	for _, c := range modeltest.Load(t, "uniad") {
//		x := modeltest.Input("x", kernels.Float(1, 14, 14, 272))
//		out := modeltest.Run(t, g, modeltest.Store{Sources: config.Tensors()}, map[string]*kernels.Array{"x": x})
//		c.Outputs["y"].Compare(t, out["y"], 2e-5)
//	}
package modeltest
