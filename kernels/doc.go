// Package kernels describes every operation that drdc runs on a GPU, without
// touching one. An operation (Op) is a plain value: from the shapes of its
// inputs it gives the shapes of its outputs, the dispatches that compute them
// (Record: shader, settings, uniform, bindings, workgroups) and a plain-Go
// reference in float64.
//
// Layout. Every tensor is [N, H, W, C] with C innermost, padded to a multiple of
// four; the padding lanes hold zero, and every kernel keeps them zero. Tokens are
// [N, 1, L, C], a matrix [1, 1, rows, columns], a vector [1, 1, 1, C], weights of
// a convolution [KH, KW, Cin, Cout] with Cin padded by the packer.
//
// To add an operation: shaders/NAME.wgsl, kernels/NAME.go with the Op type and an
// init that adds it to the table with its cases, kernels/NAME_test.go that checks
// the reference (a PyTorch golden, or values worked out by hand). Nothing else:
// runtime/conform runs every case of the table on the device against the
// reference, with guard words, twice, in read and read_write form, and on random
// shapes; `drdc bench` times it; the browser suite runs the same table.
//
// The package may import shaders and nothing else of ours.
package kernels
