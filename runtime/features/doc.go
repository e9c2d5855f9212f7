// Package features runs the frozen backbone of a model over images: what a bank
// remembers and a base model learns to rebuild. Features are computed once and
// kept in a Cache, because neither the backbone nor the images change while learning.
//
//	e, err := features.Open(ctx, dev, config, store, 3)
//	rows, err := e.Extract(ctx, picture) // [h*w, C]
//
// It may import kernels, weights, runtime/gpu, runtime/graph, runtime/imgio and
// runtime/model.
package features
