// Package efficientnet builds the trunk of EfficientNet-b4, frozen: the features
// that the base model rebuilds.
//
// Stored tensors have the names of the lukemelas port; batch normalisation is
// folded into the convolutions when they are loaded. The network stops after block
// 21, as nothing reads what follows.
//
// It owns the graph builder and the names of the tensors; it reads no files and
// imports graph and kernels only.
//
//	c := efficientnet.Default()
//	x := g.Input("x", kernels.Float(1, 224, 224, 3))
//	taps := c.Build(g, efficientnet.Options{Prefix: "backbone."}, x)
package efficientnet
