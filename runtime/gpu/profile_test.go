package gpu

import (
	"context"
	"math"
	"testing"
	"time"
)

func TestProfile(t *testing.T) {
	ctx := context.Background()
	d := open(t, Options{})
	x := newBuffer(t, d, "x", 1<<18, UseStorage)
	y := newBuffer(t, d, "y", 1<<18, UseStorage)
	long := Dispatch{Label: "long", Pipeline: pipeline(t, d, spin), Bind: []Bind{{Buffer: x}}, Groups: [3]uint32{1024, 1, 1}}
	short := Dispatch{Label: "short", Pipeline: pipeline(t, d, add), Bind: []Bind{{Buffer: y}}, Groups: [3]uint32{1, 1, 1}}
	steps := []Step{long, Copy{Src: Bind{Buffer: x}, Dst: Bind{Buffer: y}}}
	for range submitSteps {
		steps = append(steps, short)
	}
	r := record(t, d, steps...)
	start := time.Now()
	times, err := d.Profile(ctx, r)
	check(t, err)
	wall := time.Since(start).Seconds()
	if len(times) != 1+submitSteps || times[0].Label != "long" || times[1].Label != "short" {
		t.Fatalf("%d timings, first %v", len(times), times[0])
	}
	sum := 0.0
	for _, x := range times {
		if x.Seconds < 0 || x.Clock != map[bool]string{true: "device", false: "wall"}[d.Timestamps()] {
			t.Errorf("%+v", x)
		}
		sum += x.Seconds
	}
	if times[0].Seconds <= times[1].Seconds || sum > wall {
		t.Errorf("long %g s, short %g s, sum %g s in %g s", times[0].Seconds, times[1].Seconds, sum, wall)
	}
	// The device's clock against the wall's, the best of 3: a factor of 3 allows
	// for a busy machine, and a tick of the wrong length would be off by 10.
	device, clock := times[0].Seconds, math.Inf(1)
	for range 3 {
		times, err := d.Profile(ctx, r)
		check(t, err)
		device = min(device, times[0].Seconds)
		seconds, err := d.wallTimes(ctx, r)
		check(t, err)
		clock = min(clock, seconds[0])
	}
	if ratio := clock / device; ratio < 1/3.0 || ratio > 3 {
		t.Errorf("long takes %g s by the wall and %g s by the %s clock", clock, device, times[0].Clock)
	}
	t.Logf("long: %g s by the wall, %g s by the %s clock", clock, device, times[0].Clock)
}
