// Package checkpoint loads a checkpoint of any supported format, told apart by content and not by file name.
//
// It imports weights/safetensors and weights/torch.
//
//	c, err := checkpoint.Load("efficientnet-b4.pth")
package checkpoint
