// Package plugin owns the running of fusion rules that are WebAssembly modules, on the contract of wasm/abi: it compiles what
// wasm/admit admits, runs it without files, network, environment or clock, within a bound of memory and time, and checks what it
// returns.
//
// It is the only importer of wazero. It must not import the GPU, the command line or a guest.
//
//	p, err := plugin.Open(ctx, module, plugin.Options{})
//	defer p.Close(ctx)
//	result, err := p.Fuse(ctx, abi.Image{Width: 224, Height: 224, Maps: 41, MeanFilter: 21}, maps)
//
// A crash of the engine itself ends the process; folder runs therefore use the package in the worker.
package plugin
