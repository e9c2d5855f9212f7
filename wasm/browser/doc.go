//go:build js

// Command browser is the detector as a program of a web worker: pixels of a file in,
// heatmap and score out, on the browser's own WebGPU. Its page, the JavaScript around
// it and the API that other pages use are in the folder page.
//
// When it is ready it calls the global function drdc with an object of functions, each
// of which returns a promise. A rejection is an Error with a code (see errors.go).
// Calls run one after the other.
//
//	open(source, settings, plugin, on)   loads a model; source is {size, read(at, n)}
//	configure(settings, plugin, on)      lays other settings over the model's own
//	detect(name, file, on)       looks at the bytes of an image file
//	encode(kind, file, row, heatmap, threshold)   makes a file of a result
//	stop()                       ends the call that runs
//	close()                      frees the device
//
// Structures are JSON in result.Row's and result.Settings' words; on has the functions
// progress(stage, done, total), step(timestep, cell, side, pixels) and lost(times).
// A plugin is null, or {name, bytes, sandbox} with the class Sandbox of wasm/sandbox.
//
// It may import runtime and weights.
package main
