// Package sandbox owns the running of fusion rules that are WebAssembly modules in a browser, on the contract of wasm/abi and with the
// same results as host/internal/plugin: a rule runs in a web worker of its own, which is ended at the deadline.
//
// Files has the JavaScript, which lies in one folder of a site: sandbox.js exports the class Sandbox, for pages and workers; it starts
// worker.js, which runs the host of the contract, rule.js. For Go, Open makes a fusion.Rule of a module; the class is handed to it:
//
//	import {Sandbox} from './sandbox.js'
//
//	rule, err := sandbox.Open(ctx, class, module, sandbox.Options{Name: "rule.wasm", Config: config})
//	defer rule.Close()
//	fused, err := rule.Fuse(ctx, stack)
//
// Open scans the module with wasm/admit first. What differs from the native host: the deadline also bounds compiling, and a browser
// can only be asked for a deadline in wall-clock time.
//
// It may import runtime/fusion and wasm/{abi,admit,input}.
package sandbox
