// Package shaders holds the WGSL compute shaders of drdc and turns a stored
// file into the text a driver compiles.
//
// A stored file is valid WGSL by itself. Three kinds of lines are settable:
//
//	const TILE: u32 = 8u; //@set        the literal is replaced
//	//@use numeric.wgsl                 the file is included once
//	//@use weight_f32.wgsl //@set WEIGHT   another file can be named instead
//
// Bindings are the lines "@group(0) @binding(N) var<...> name: type;". A storage
// binding declared "read" can be widened to "read_write" when the memory planner
// places it in the same buffer as an output: WebGPU allows many writable ranges
// of one buffer in a dispatch, but not a readable one beside a writable one.
//
// The package imports nothing of ours and touches no device.
//
//	src, err := shaders.Expand("conv2d.wgsl", []shaders.Setting{shaders.Int("TILE_M", 32)}, nil)
//	// src.Label == "conv2d[TILE_M=32]"
package shaders
