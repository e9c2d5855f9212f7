package gpu

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var readbacks = flag.Int("readbacks", 100_000, "number of readbacks in TestReadbackStorm")

// Readbacks under constant garbage collection: a callback that reaches Go memory
// would crash here within a minute.
func TestReadbackStorm(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the storm of readbacks is left out")
	}
	ctx := context.Background()
	d := open(t, Options{})
	b := newBuffer(t, d, "b", 4096, UseStorage)
	var stop atomic.Bool
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		var keep [64][]byte
		for i := 0; !stop.Load(); i++ {
			keep[i%len(keep)] = make([]byte, 64+i%4096)
			if i%1024 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		runtime.KeepAlive(keep)
	}()
	start := time.Now()
	out := make([]byte, 64)
	for i := range *readbacks {
		want := bytes.Repeat(words(uint32(i)), 16)
		offset := uint64(i%64) * 64
		check(t, d.Write(b, offset, want))
		check(t, d.Read(ctx, b, offset, out))
		if !bytes.Equal(out, want) {
			t.Fatalf("readback %d gave %v", i, out[:4])
		}
		if i%97 == 0 {
			runtime.GC()
		}
	}
	stop.Store(true)
	wg.Wait()
	t.Logf("figure: %d readbacks under a garbage-collector storm: all right, %v", *readbacks, time.Since(start).Round(time.Millisecond))
	if u := d.Used(); u.Live != 2 {
		t.Errorf("%d buffers live, want the buffer and its staging", u.Live)
	}
}

// Goroutines that do everything at once on one device.
func TestHammer(t *testing.T) {
	const workers, loops = 8, 40
	d := open(t, Options{})
	shared := newBuffer(t, d, "shared", 4096, UseStorage)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers / 2))
	work := func(w, i int) error {
		ctx := context.Background()
		b, err := d.NewBuffer(fmt.Sprint("b", w), 1024, UseStorage)
		if err != nil {
			return err
		}
		p, err := d.Pipeline(ctx, variant(1+(w+i)%5))
		if err != nil {
			return err
		}
		r, err := d.NewRecording("r", []Step{
			Dispatch{Label: "add", Pipeline: p, Bind: []Bind{{Buffer: b}}, Groups: [3]uint32{4, 1, 1}},
			Copy{Src: Bind{Buffer: b}, Dst: Bind{Buffer: shared, Size: 1024}},
		})
		if err != nil {
			return err
		}
		base := uint32(1000*w + i)
		if err := d.Write(b, 0, bytes.Repeat(words(base), 256)); err != nil {
			return err
		}
		if err := d.Submit(r, r); err != nil {
			return err
		}
		if i%3 == 0 {
			if err := d.Wait(ctx); err != nil {
				return err
			}
		}
		out := make([]byte, 1024)
		if err := d.Read(ctx, b, 0, out); err != nil {
			return err
		}
		if want := bytes.Repeat(words(base+2*uint32(1+(w+i)%5)), 256); !bytes.Equal(out, want) {
			return fmt.Errorf("worker %d loop %d read %v, want %v", w, i, out[:4], want[:4])
		}
		return errors.Join(r.Close(), b.Close())
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range loops {
				if err := work(w, i); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	wg.Wait()
	if got := d.Used().Pipelines; got != 5 {
		t.Errorf("%d pipelines, want 5", got)
	}
}

const spinWGSL = `
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	var v = x[id.x];
	for (var i = 0u; i < 2000u; i = i + 1u) { v = v * 1.0001 + 0.5; }
	x[id.x] = v;
}
`

var spin = Program{Label: "spin", File: "spin.wgsl", Code: spinWGSL, Bindings: []Access{ReadWrite}}

// A wait or a read that is given up leaves the device and its buffers usable.
func TestCancel(t *testing.T) {
	var cancelAt atomic.Pointer[context.CancelFunc] // called when a read begins
	d := open(t, Options{Fault: func(p FaultPoint) error {
		if p.Op == "map" {
			if f := cancelAt.Swap(nil); f != nil {
				(*f)()
			}
		}
		return nil
	}})
	x := newBuffer(t, d, "x", 1<<20, UseStorage)
	step := Dispatch{Label: "spin", Pipeline: pipeline(t, d, spin), Bind: []Bind{{Buffer: x}}, Groups: [3]uint32{4096, 1, 1}}
	r := record(t, d, step, step)
	check(t, d.Submit(r))
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	wantError(t, d.Wait(ctx), context.DeadlineExceeded)
	check(t, d.Wait(context.Background()))

	for range 100 {
		ctx, cancel := context.WithCancel(context.Background())
		cancelAt.Store(&cancel)
		wantError(t, d.Read(ctx, x, 0, make([]byte, 64)), context.Canceled)
		if u := d.Used(); u.Live != 1 {
			t.Fatalf("%d buffers live, want the staging given back", u.Live)
		}
	}
	readAll(t, d, x)
}
