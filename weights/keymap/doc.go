// Package keymap turns the tensor names of checkpoints into the project's own and back. Its functions are pure: arrays in, named
// tensors out, and an error that names the first unknown, missing or misshapen tensor.
//
// The project's names, below the name of the part:
//
//	EfficientNet-b4  those of the lukemelas port up to block 21, batch normalisation apart
//	MobileNetV2      stem, blocks.N.{expand,depthwise,project}, head, classifier; batch normalisation folded in
//	UniAD            those of its checkpoints below "module.reconstruction."
//	U-Net            those of guided-diffusion, unchanged
//
// The package imports weights and nothing else of the project.
//
//	net, err := keymap.Backbone(c.Arrays, keymap.Hint{File: c.Name})
//	tensors = append(tensors, net.Named("backbone")...)
package keymap
