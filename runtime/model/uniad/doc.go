// Package uniad builds the base model of UniAD (You et al. 2022): a transformer
// that rebuilds the features of a frozen backbone and cannot copy them, as no
// token attends to its own neighbourhood. What it rebuilds badly is a defect.
//
// Neck puts the outputs of a backbone on one grid, Config.Build rebuilds them,
// Heatmap is their distance in the pixels of the image (method 2.2, 2.3, Eq. 2).
// Stored tensors have the names of UniAD's checkpoints below "reconstruction.".
//
// It owns the graph builder and the names of the tensors; it reads no files and
// imports graph and kernels only.
//
//	c := uniad.Default()
//	features := uniad.Neck(g, c.FeatureSize, taps...)
//	rebuilt := c.Build(g, uniad.Options{Prefix: "base."}, features)
//	g.Output("base", uniad.Heatmap(g, features, rebuilt, 224, 224))
package uniad
