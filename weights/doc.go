// Package weights owns the .drdc model file: one file with a model's configuration, its provenance and its tensors,
// compressed, digested and safe to open whoever made it. FORMAT.md beside this file is the byte-by-byte specification.
//
// A File is opened on anything that reads at an offset; nothing is decompressed before the digest of its compressed bytes has
// been checked, and nothing is allocated beyond the limits in limits.go. Stream decodes a file while it arrives.
// Importers for checkpoints of other programs are in the subpackages safetensors, torch, checkpoint (picks one by content)
// and keymap (their names to ours and back).
//
// The package must import nothing else of the project and builds for every target, the browser included.
//
//	err := weights.Write("model.drdc", weights.Meta{
//		Config: json.RawMessage(`{"image_size":224}`),
//		Parts:  map[string]weights.Part{"base": {Arch: "uniad"}},
//	}, []weights.Named{{Name: "base.input_proj.bias", Shape: []int{256}, Data: bias}})
//
//	f, err := weights.Open("model.drdc")
//	bias, err := f.Float32(ctx, "base.input_proj.bias")
package weights
