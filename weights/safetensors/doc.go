// Package safetensors reads and writes safetensors files: an 8-byte little-endian header length, a JSON header, then the tensors
// with no hole and no overlap. The header is held to bounds and checked for duplicate keys before anything is allocated by it.
//
// The package imports weights and nothing else of the project.
//
//	arrays, meta, err := safetensors.Load("model.safetensors")
package safetensors
