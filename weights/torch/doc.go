// Package torch reads the tensors of PyTorch checkpoints, both the zip archives of torch 1.6 and later and the legacy files before
// it, without running any code that a file names. A pickle is a program; this one runs on a machine that knows five functions
// of PyTorch, one of Python's collections, and makes an opaque object of everything else.
//
// Compressed zip entries are refused (torch.save stores), every size is checked against the file before memory is taken, and
// the pickle machine has a memory budget: see limits.go.
//
// The package imports weights and nothing else of the project.
//
//	arrays, err := torch.Load("ckpt.pth.tar")
package torch
