// Package demo embeds the model and the images of `drdc demo`, made by make.sh
// from our own drawn parts; untrained weights, no outside ones. It imports nothing
// of ours.
package demo

import "embed"

// Files holds model.drdc and images/CLASS/{test,ground_truth}/..., MVTec layout.
//
//go:embed model.drdc images
var Files embed.FS
