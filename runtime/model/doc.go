// Package model is the configuration inside a model file, and the networks it names
// as parts of a graph: Backbone, Base and Refiner.
//
// Parse reads the JSON of a file or of `--config`; Validate names the key that is
// wrong, its value and the limit. Preset makes the published models. The networks
// themselves are in the folders below, one package each.
//
// It reads no files and opens no device. It may import kernels, runtime/graph,
// runtime/diffusion, runtime/fusion and the networks.
//
//	config, err := model.Parse(file.Config())
//	features := config.Backbone.Build(g, "backbone.", kernels.F32, image, config.Base.FeatureSize())
//	heatmap := config.Base.Build(g, kernels.F32, features, config.ImageSize, config.ImageSize)
package model
