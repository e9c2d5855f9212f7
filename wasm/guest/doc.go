// Package guest is the Go side of a fusion rule in WebAssembly: it implements the exports of wasm/abi, so that a rule is one type
// with two methods. The same for C, Rust and AssemblyScript is in the subfolders; wasm/plugins/README.md shows how to start.
//
//	type brightest struct{ heat []float32 }
//
//	func (r *brightest) Map(m guest.Map) {
//		for i, v := range m.Pixels {
//			r.heat[i] = max(r.heat[i], v)
//		}
//	}
//
//	func (r *brightest) Finish(heatmap []float32) float32 {
//		copy(heatmap, r.heat)
//		return guest.Score(heatmap, ...)
//	}
//
// Build with GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared. On any other platform the package compiles too, without the
// exports, so that a rule can have ordinary tests.
//
// Rules see float32 maps. Products and sums here are rounded one by one, in the order of the built-in rules, for the same bytes.
//
// The package must import nothing, of the project or otherwise heavy: it becomes part of every rule.
package guest
