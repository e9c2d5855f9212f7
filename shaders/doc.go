// Package shaders holds the WGSL compute shaders of drdc and turns a stored
// file into the text a driver compiles.
//
// Three kinds of lines of a stored file are settable:
//
//	const TILE: u32 = 8u; //@set        the literal is replaced
//	//@use numeric.wgsl                 the file is included once
//	//@use weight_f32.wgsl //@set WEIGHT   another file can be named instead
//
// Lines between "//@for i ROWS" and "//@end" are written ROWS times, with $i replaced by
// 0, 1 and so on; ROWS is a number or a settable constant above. So an array becomes
// variables, which a driver keeps in registers. A file without them is valid WGSL by
// itself.
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
