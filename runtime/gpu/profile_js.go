//go:build js

package gpu

import "context"

// tick returns the seconds of one tick: a browser counts in nanoseconds
// (WebGPU specification, section 20.4).
func (*stamps) tick(context.Context) (float64, error) { return 1e-9, nil }
