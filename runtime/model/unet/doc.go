// Package unet builds the U-Net of guided diffusion, which predicts the noise in an
// image: every option of its ResBlocks, resampling and attention (method 3).
//
// Stored tensors have the names of guided diffusion. The condition is a second image
// that the first convolution reads beside the noisy one; skip connections are read
// where they are and never concatenated.
//
// It owns the graph builder and the names of the tensors; it reads no files and
// imports graph and kernels only.
//
//	c := unet.Default()
//	t := g.Input("t", kernels.Float(1, 1, 1, 1))
//	x := g.Input("x_t", kernels.Float(2, 224, 224, 3))
//	condition := g.Input("x_c", kernels.Float(2, 224, 224, 3))
//	eps := c.Build(g, unet.Options{Prefix: "refiner."}, t, x, condition)
package unet
