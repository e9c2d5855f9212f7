// Package gpu is the compute core. It owns adapters, buffers, pipelines,
// recordings and readback, and is the only importer of a WebGPU binding; no type
// of the binding appears here. It imports no other package of this module.
//
// Natively the driver is wgpu (Vulkan, Metal or DX12), in a browser
// navigator.gpu. Both give the same errors for the same mistakes, because the
// package checks before the driver does.
//
//	d, err := gpu.Open(ctx, gpu.Options{})
//	x, err := d.NewBuffer("x", 4096, gpu.UseStorage)
//	p, err := d.Pipeline(ctx, program)
//	r, err := d.NewRecording("step", []gpu.Step{
//		gpu.Dispatch{Label: "double", Pipeline: p, Bind: []gpu.Bind{{Buffer: x}}, Groups: [3]uint32{16, 1, 1}},
//	})
//	err = d.Submit(r) // as often as wanted
//	err = d.Read(ctx, x, 0, data)
//
// All methods are safe for concurrent use. Work runs in the order of the calls
// that queue it. Read, Wait, Profile and Close wait for it, and Write once in
// 64 MiB.
// Native drivers of CPU adapters can hold up a Submit, Read or Buffer.Close
// while earlier work runs. A native driver that loses its device may end the
// process: no error of this package can tell that beforehand. Buffers, recordings and the device
// need Close; pipelines live as long as the device.
//
// WebGPU allows a buffer one access per dispatch: a buffer that one dispatch
// both reads and writes, even in ranges that do not meet, is bound ReadWrite
// each time.
package gpu
