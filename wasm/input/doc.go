// Package input owns what a fusion rule on the contract of wasm/abi is told of an image: the records of a fusion.Stack. Both hosts,
// host/internal/plugin and wasm/sandbox, take it from here, so that a rule sees the same in both.
//
//	img, err := input.Image(stack, config, input.About{}, params)
//	for m, pixels := range input.Maps(stack) { ... }
//
// It may import runtime/fusion and wasm/abi.
package input
