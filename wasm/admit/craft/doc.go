// Package craft builds WebAssembly modules of literal bytes, section by section, so that each can be wrong in one place. Only tests
// import it.
//
//	module := craft.Minimal().With(craft.Parts{5: craft.Vec([]byte{0, 1})}).Bytes()
package craft
