// Package arch holds the architecture test: which folder may import which, who
// may import the WebGPU binding and wazero, and what only programs may do (log,
// exit, read the environment). It has no code of its own and imports nothing of
// ours; it reads the whole source tree, whatever the build tags say.
//
// A new edge is a decision: change the table in rules_test.go and say why in
// RATIONALE.md.
package arch
