// Package detect is the whole method: the pixels of an image in, a heatmap and a score
// out (method 4.7).
//
// Open loads a model on a device, or on the CPU in float64 when there is none, and
// compiles it; Detect runs it on one image after the other. A model has a base, a
// refiner, or both. The result depends on the image, the model, the settings and the
// device, and on nothing else: not on the order of images, nor on how much memory the
// device has. An image comes back to Go when its maps are there, and on a discrete GPU
// not before: Prepared says how the next one overlaps with it.
//
// A value that is not finite ends in an error that names the place, never in a
// heatmap.
//
// It may import runtime/{gpu,graph,model,diffusion,fusion,imgio}, kernels and weights.
//
//	m, err := detect.FromFile(file)
//	d, err := detect.Open(ctx, dev, m, detect.Options{})
//	defer d.Close()
//	result, err := d.Detect(ctx, picture, imgio.Digest(bytes))
package detect
