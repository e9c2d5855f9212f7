package diffusion

import "github.com/drdc-dev/drdc/runtime/graph"

// Denoiser is a network that tells the noise in an image.
type Denoiser interface {
	// Denoise adds the prediction of the noise, [N, S, S, 3], to g. It is called once
	// for every batch of samples and must then use the same parameters again.
	Denoise(g *graph.Graph, in Noisy) graph.Value
}

// Noisy is what a Denoiser may look at.
type Noisy struct {
	X         graph.Value // images at the timestep [N, S, S, 3]
	Condition graph.Value // the image with noise in the hidden cells [N, S, S, 3]
	Index     graph.Value // the model's index of the timestep, t-1: [1, 1, 1, 1], in training [N, 1, 1, 1]
	// Clean [N, S, S, 3] is the image itself and Level [1, 1, 1, 2], in training
	// [N, 1, 1, 2], the factors of image and noise in X: for oracles that tests put in
	// place of a network.
	Clean, Level graph.Value
}
