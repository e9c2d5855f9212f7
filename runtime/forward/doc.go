// Package forward runs one network of a model on given tensors, so that a
// converted checkpoint can be compared with its origin. Tensors are row-major in
// PyTorch's order, [N, C, H, W]; one image is computed at a time. Measure says what a
// pass of the refiner costs, MeasureStep what training it does.
//
//	out, err := forward.Run(ctx, dev, config, store, forward.Refiner, map[string]forward.Tensor{"x": x, "t": t})
//	eps := out["eps"]
//
// Load keeps the network on the device for many evaluations.
//
// It may import kernels, runtime/gpu, runtime/graph, runtime/model and
// runtime/train.
package forward
