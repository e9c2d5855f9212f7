//go:build !js

package gpu

import (
	"context"
	"time"
)

// tick returns the seconds of one tick of the device's clock. The library hands
// out raw ticks and not their length, so they are set against the wall clock:
// over 100 ms the error of a reading, below 1 ms, stays within 1%.
func (s *stamps) tick(ctx context.Context) (float64, error) {
	const span = 100 * time.Millisecond
	var at [2]time.Time
	var ticks [2]uint64
	for i := range at {
		if i > 0 {
			time.Sleep(span)
		}
		if err := s.d.drv.wait(ctx); err != nil {
			return 0, err
		}
		at[i] = time.Now()
		if err := s.d.drv.submitStamp(s.set, s.buffer.raw); err != nil {
			return 0, err
		}
		now, err := s.read(ctx)
		if err != nil {
			return 0, err
		}
		ticks[i] = now[0]
	}
	if ticks[1] <= ticks[0] {
		return 0, &driverError{text: "the device's clock stands still"}
	}
	return at[1].Sub(at[0]).Seconds() / float64(ticks[1]-ticks[0]), nil
}
