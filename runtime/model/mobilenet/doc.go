// Package mobilenet builds MobileNetV2 1.0: the light frozen trunk whose features a
// base model rebuilds or compares, and the classifier that proves the weights.
//
// Stored tensors have batch normalisation folded in and are called stem,
// blocks.N.{expand,depthwise,project}, head and classifier.
//
// It owns the graph builder and the names of the tensors; it reads no files and
// imports graph and kernels only.
//
//	c := mobilenet.Default()
//	x := g.Input("x", kernels.Float(1, 224, 224, 3))
//	taps := c.Build(g, mobilenet.Options{Prefix: "backbone."}, x)
package mobilenet
