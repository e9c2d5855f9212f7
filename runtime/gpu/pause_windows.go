//go:build cgo

package gpu

import "time"

// pause sleeps: Go's timers are the finest that Windows has.
func pause(d time.Duration) { time.Sleep(d) }
