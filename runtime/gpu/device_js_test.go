//go:build js

package gpu

import (
	"context"
	"syscall/js"
	"testing"
)

// A page that destroys the device, or a driver that drops it, gives ErrLost in
// every call and closes Lost.
func TestDestroyed(t *testing.T) {
	ctx := context.Background()
	d := open(t, Options{})
	x := newBuffer(t, d, "x", 1<<20, UseStorage)
	r := record(t, d, Dispatch{Label: "spin", Pipeline: pipeline(t, d, spin), Bind: []Bind{{Buffer: x}}, Groups: [3]uint32{4096, 1, 1}})
	check(t, d.Submit(r))
	d.drv.dev.Call("destroy")
	wantError(t, d.Read(ctx, x, 0, make([]byte, 64)), ErrLost, "destroyed")
	<-d.Lost()
	_, err := d.NewBuffer("y", 4, UseStorage)
	wantError(t, err, ErrLost)
	_, err = d.Pipeline(ctx, add)
	wantError(t, err, ErrLost)
	wantError(t, d.Submit(r), ErrLost)
	wantError(t, d.Wait(ctx), ErrLost)

	if out, err := play(open(t, Options{})); err != nil || out[0] != 42 {
		t.Errorf("a new device after the loss: %v, %v", out, err)
	}
}

// An error that no call waits for comes out of the next call, once.
func TestUncaptured(t *testing.T) {
	d := open(t, Options{})
	b := newBuffer(t, d, "b", 64, UseStorage)
	odd := js.Global().Get("Uint8Array").New(4)
	d.drv.queue.Call("writeBuffer", b.raw.v, 64, odd)
	check(t, d.drv.wait(context.Background()))
	wantError(t, d.Write(b, 0, make([]byte, 4)), ErrInvalid, "64")
	check(t, d.Write(b, 0, make([]byte, 4)))
}

// A JavaScript exception is an error, not a panic.
func TestException(t *testing.T) {
	d := open(t, Options{})
	err := try(func() { d.drv.dev.Call("createBuffer") })
	wantError(t, err, ErrInvalid, "createBuffer")
	err = try(func() { d.drv.dev.Call("noSuchMethod") })
	wantError(t, err, ErrInvalid, "noSuchMethod")
}
