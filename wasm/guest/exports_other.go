//go:build !wasip1

package guest

// Fail ends the image with an error in those words; outside WebAssembly it panics with them.
func Fail(text string) { panic("guest: " + text) }

// Number adds a named number to the result of the image; outside WebAssembly it does nothing.
func Number(name string, value float64) {}

// Log writes a line for the author of the rule; outside WebAssembly it does nothing.
func Log(text string) {}
