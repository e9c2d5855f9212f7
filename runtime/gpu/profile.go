package gpu

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"
)

// Timing is the time of one dispatch of a recording.
type Timing struct {
	Label   string
	Seconds float64
	// Clock is "device" for the device's timestamps, which a browser may round to
	// 100 microseconds, or "wall" for the time from the submission of this
	// dispatch alone until it was known to be done.
	Clock string
}

// Profile runs r once and times each dispatch; copies run untimed. Dispatches
// do not overlap as they may in Submit, so the sum can exceed the time of that.
func (d *Device) Profile(ctx context.Context, r *Recording) ([]Timing, error) {
	fail := func(err error) ([]Timing, error) {
		return nil, fmt.Errorf("gpu: profile %q: %w", r.label, d.note(err))
	}
	if err := d.enter(); err != nil {
		return fail(err)
	}
	defer d.life.RUnlock()
	if err := d.begin("submit", 0, r.label); err != nil {
		return fail(err)
	}
	measure := d.wallTimes
	if d.Timestamps() {
		measure = d.stampTimes
	}
	times, err := measure(ctx, r)
	if err != nil {
		return fail(err)
	}
	var list []Timing
	for i, t := range times {
		if r.dispatches[i] {
			list = append(list, Timing{Label: r.labels[i], Seconds: t, Clock: map[bool]string{true: "device", false: "wall"}[d.Timestamps()]})
		}
	}
	return list, nil
}

// submitPart submits some steps of r with submit, checked and in order.
func (d *Device) submitPart(r *Recording, submit func() error) error {
	d.order.Lock()
	defer d.order.Unlock()
	if err := r.usable(d); err != nil {
		return err
	}
	d.count(1)
	return submit()
}

// wallTimes runs step after step and returns the seconds of each.
func (d *Device) wallTimes(ctx context.Context, r *Recording) ([]float64, error) {
	if err := d.drv.wait(ctx); err != nil {
		return nil, err
	}
	times := make([]float64, r.Len())
	for i := range times {
		start := time.Now()
		if err := d.submitPart(r, func() error { return d.drv.submit(r.steps[i : i+1]) }); err != nil {
			return nil, err
		}
		if err := d.drv.wait(ctx); err != nil {
			return nil, err
		}
		times[i] = time.Since(start).Seconds()
	}
	return times, nil
}

// stampTimes runs the steps with a timestamp before and after each dispatch and
// returns the seconds between; those of copies mean nothing.
func (d *Device) stampTimes(ctx context.Context, r *Recording) ([]float64, error) {
	s, err := d.newStamps()
	if err != nil {
		return nil, err
	}
	defer s.free()
	tick, err := s.tick(ctx)
	if err != nil {
		return nil, err
	}
	times := make([]float64, 0, r.Len())
	for at := 0; at < r.Len(); at += submitSteps {
		end := min(at+submitSteps, r.Len())
		err := d.submitPart(r, func() error { return d.drv.submitStamped(r.steps[at:end], s.set, s.buffer.raw) })
		if err != nil {
			return nil, err
		}
		ticks, err := s.read(ctx)
		if err != nil {
			return nil, err
		}
		for i := range end - at {
			times = append(times, float64(int64(ticks[2*i+1]-ticks[2*i]))*tick)
		}
	}
	return times, nil
}

// stamps holds the timestamps of one submission, two for each of its steps.
type stamps struct {
	d      *Device
	set    rawQueries
	buffer *Buffer
}

func (d *Device) newStamps() (*stamps, error) {
	const size = 16 * submitSteps
	raw, err := d.allocate("timestamps", size, usageQueryResolve|usageCopySrc)
	if err != nil {
		return nil, err
	}
	set, err := d.drv.newQueries(2 * submitSteps)
	if err != nil {
		d.release(raw, size)
		return nil, err
	}
	return &stamps{d: d, set: set, buffer: &Buffer{d: d, raw: raw, label: "timestamps", size: size}}, nil
}

func (s *stamps) free() {
	s.d.drv.freeQueries(s.set)
	s.d.release(s.buffer.raw, s.buffer.size)
}

// read waits for the timestamps that the last submission wrote.
func (s *stamps) read(ctx context.Context) ([]uint64, error) {
	data := make([]byte, s.buffer.size)
	if err := s.d.read(ctx, Bind{Buffer: s.buffer}, data); err != nil {
		return nil, err
	}
	ticks := make([]uint64, len(data)/8)
	for i := range ticks {
		ticks[i] = binary.LittleEndian.Uint64(data[8*i:])
	}
	return ticks, nil
}
