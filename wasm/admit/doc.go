// Package admit owns the decision which modules may be compiled and run as fusion rules on the contract of wasm/abi: Scan reads the
// bytes of a module, in time linear in their number, and refuses what would be costly to compile, what could reach anything, and
// what lacks an export. Hosts compile only what Module returns.
//
// A module that it admits is still to be validated by the engine, and runs under a deadline.
//
//	module, anatomy, err := admit.Module(file)
//
// The package imports wasm/abi alone and builds for every target, the browser included.
package admit
