package gpu

import (
	"bytes"
	"context"
	"errors"
	"testing"
)

// play makes a buffer, writes it, runs add on it and reads it: every operation
// that can be made to fail, in turn.
func play(d *Device) ([]byte, error) {
	ctx := context.Background()
	b, err := d.NewBuffer("x", 256, UseStorage)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if err := d.Write(b, 0, bytes.Repeat(words(41), 64)); err != nil {
		return nil, err
	}
	p, err := d.Pipeline(ctx, add)
	if err != nil {
		return nil, err
	}
	r, err := d.NewRecording("step", []Step{Dispatch{Label: "add", Pipeline: p, Bind: []Bind{{Buffer: b}}, Groups: [3]uint32{1, 1, 1}}})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if err := d.Submit(r); err != nil {
		return nil, err
	}
	out := make([]byte, 8)
	return out, d.Read(ctx, b, 0, out)
}

func TestFault(t *testing.T) {
	boom := errors.New("boom")
	cases := []struct {
		point FaultPoint
		part  string
	}{
		{FaultPoint{Op: "alloc", Bytes: 256, Label: "x"}, `gpu: buffer "x"`},
		{FaultPoint{Op: "write", Bytes: 256, Label: "x"}, "gpu: write"},
		{FaultPoint{Op: "compile", Bytes: uint64(len(addWGSL)), Label: "add"}, "gpu: compile add"},
		{FaultPoint{Op: "submit", Label: "step"}, `gpu: submit "step"`},
		{FaultPoint{Op: "copy", Bytes: 8, Label: "x"}, "gpu: read"},
		{FaultPoint{Op: "map", Bytes: 8, Label: "x"}, "gpu: read"},
		{FaultPoint{Op: "alloc", N: 1, Bytes: minStaging, Label: "readback"}, "gpu: read"},
	}
	for _, c := range cases {
		t.Run(c.point.Op, func(t *testing.T) {
			hit := 0
			d := open(t, Options{Fault: func(p FaultPoint) error {
				if p == c.point {
					hit++
					return boom
				}
				return nil
			}})
			_, err := play(d)
			wantError(t, err, boom, c.part)
			if hit != 1 {
				t.Errorf("the point was passed %d times", hit)
			}
			out, err := play(d)
			check(t, err)
			if !bytes.Equal(out, words(42, 42)) {
				t.Errorf("after the fault: %v", out)
			}
			if u := d.Used(); u.Live != 1 || u.Bytes != minStaging {
				t.Errorf("after the fault %d buffers of %d bytes live, want one of staging", u.Live, u.Bytes)
			}
		})
	}
}

func TestLost(t *testing.T) {
	d := open(t, Options{Fault: func(p FaultPoint) error {
		if p.Op == "submit" {
			return ErrLost
		}
		return nil
	}})
	check(t, d.Err())
	select {
	case <-d.Lost():
		t.Fatal("lost before the fault")
	default:
	}
	_, err := play(d)
	wantError(t, err, ErrLost)
	<-d.Lost()
	wantError(t, d.Err(), ErrLost)
	wantError(t, d.Wait(context.Background()), ErrLost)
	_, err = d.NewBuffer("y", 4, UseStorage)
	wantError(t, err, ErrLost)
}
