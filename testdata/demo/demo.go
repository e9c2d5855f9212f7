// Package demo embeds the model and the images of `drdc demo`, trained and
// drawn by our own commands (README.md); no outside weights. It imports nothing of
// ours.
package demo

import "embed"

// Files holds model.drdc and images/CLASS/{test,ground_truth}/..., MVTec layout.
//
//go:embed model.drdc images
var Files embed.FS
