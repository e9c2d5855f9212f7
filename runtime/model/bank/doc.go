// Package bank is the base model that needs no training: it remembers the features
// of normal images and tells how far those of an image are from the nearest one
// (Roth et al. 2022, "PatchCore").
//
// Config.Build adds the search to a graph, Heatmap brings the distances to the pixels
// of the image. Collect picks the features to remember. The stored tensor is
// "features", below the part's prefix "bank.".
//
// It owns the graph builder and the names of the tensors; it reads no files and
// imports graph and kernels only.
//
//	c := bank.Default()
//	distance := c.Build(g, bank.Options{Prefix: "bank."}, features)
//	g.Output("base", bank.Heatmap(g, distance, 224, 224))
package bank
