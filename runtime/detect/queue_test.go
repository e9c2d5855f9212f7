package detect

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// listening opens a device that tells f of every operation.
func listening(t *testing.T, f func(gpu.FaultPoint) error) *gpu.Device {
	t.Helper()
	limits := gpu.DefaultLimits()
	dev, err := gpu.Open(t.Context(), gpu.Options{Limits: &limits, Fault: f})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

func prepare(t *testing.T, d *Detector, n int) *Prepared {
	t.Helper()
	p, err := d.Prepare(picture(t, n), digestOf(n))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func queue(t *testing.T, p *Prepared) {
	t.Helper()
	if err := p.Queue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func result(t *testing.T, p *Prepared) *Result {
	t.Helper()
	r, err := p.Result(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sameResult(t *testing.T, what string, got, want *Result) {
	t.Helper()
	if got.Score != want.Score || !slices.Equal(got.Heatmap.Val, want.Heatmap.Val) {
		t.Errorf("%s: another result, score %v, want %v", what, got.Score, want.Score)
	}
}

// TestQueueOrder: base and refiner are submitted without a look at a map, and so is the
// next image before the maps of the first are waited for. A device that is not queued
// for gets one image at a time.
func TestQueueOrder(t *testing.T) {
	var ops []string
	dev := listening(t, func(p gpu.FaultPoint) error {
		if p.Op == "write" || p.Op == "submit" || p.Op == "copy" || p.Op == "map" {
			ops = append(ops, p.Op)
		}
		return nil
	})
	m := testModel(t, backboneSection, bankSection, refinerSection)
	// Counted: pixels and a submission; image, masks and keys of 4 samples at once; two
	// timesteps of index, level, predict, first, advance and keys; a copy behind each part.
	image := []string{"write", "submit", "copy", "write", "write", "write"}
	for range 2 {
		image = append(image, "write", "write", "write", "write", "write", "write", "submit")
	}
	image = append(image, "copy")
	maps := []string{"map", "map"}
	for _, queues := range []bool{true, false} {
		d := open(t, dev, m, Options{Queue: queues})
		a, b := prepare(t, d, 0), prepare(t, d, 1)
		ops = nil
		queue(t, a)
		queue(t, b)
		result(t, a)
		result(t, b)
		want := slices.Concat(image, image, maps, maps)
		if !queues {
			want = slices.Concat(image, maps, image, maps)
		}
		if !slices.Equal(ops, want) {
			t.Errorf("queues %t: %d operations\n%v, want\n%v", queues, len(ops), ops, want)
		}
		ops = nil
		detect(t, d, 0)
		if want := slices.Concat(image, maps); !slices.Equal(ops, want) {
			t.Errorf("queues %t, one image\n%v, want\n%v", queues, ops, want)
		}
	}
}

// TestOverlapped runs images that are prepared and queued beside each other, on the
// device and on the CPU: they have the bytes of images that were run alone, and times
// that add up.
func TestOverlapped(t *testing.T) {
	dev := openDevice(t, 0)
	const images = 7
	for _, sections := range [][]string{{backboneSection, bankSection, refinerSection}, {backboneSection, uniadSection}, {refinerSection}} {
		m := testModel(t, sections...)
		alone := open(t, dev, m, Options{})
		var want []*Result
		for n := range images {
			want = append(want, detect(t, alone, n))
		}
		for name, queues := range map[string]bool{"queued": true, "prepared": false} {
			var beats atomic.Int32
			d := open(t, dev, m, Options{Queue: queues, Beat: func() { beats.Add(1) }})
			next := prepare(t, d, 0)
			queue(t, next)
			for n := range images {
				p := next
				ahead := make(chan *Prepared)
				go func() {
					p, err := d.Prepare(picture(t, n+1), digestOf(n+1))
					if err == nil {
						err = p.Queue(t.Context())
					}
					if err != nil {
						t.Error(err)
					}
					ahead <- p
				}()
				if n%2 == 0 { // as where the next image is late, and where it is early
					next = <-ahead
				}
				r := result(t, p)
				if n%2 == 1 {
					next = <-ahead
				}
				sameResult(t, fmt.Sprint(name, " image ", n), r, want[n])
				s := r.Seconds
				if sum := s.Prepare + s.Base + s.Refine + s.Fuse; s.Total != sum || s.Base < 0 || s.Refine < 0 ||
					(s.Base > 0) != d.useBase || (s.Refine > 0) != d.useRefiner {
					t.Errorf("%s image %d: %+v", name, n, s)
				}
			}
			next.Discard()
			steps := 0
			if d.useBase {
				steps++
			}
			if d.useRefiner {
				steps += 2
			}
			if n := int(beats.Load()); n < steps*images || n > steps*(images+1) {
				t.Errorf("%s: %d beats for %d images of %d steps", name, n, images, steps)
			}
		}
	}
}

// TestBegun checks that the time of a queued image begins where that of the image before
// ends, as far as that is later than the image itself.
func TestBegun(t *testing.T) {
	start := time.Now()
	for _, ended := range []time.Duration{-time.Second, time.Second} {
		before := &run{watched: make(chan struct{}), done: []time.Time{start.Add(-time.Minute), start.Add(ended)}}
		r := &run{watched: make(chan struct{}), fences: make(chan *gpu.Fence), begun: start}
		close(before.watched)
		close(r.fences)
		r.watch(t.Context(), before)
		if want := start.Add(max(0, ended)); !r.begun.Equal(want) {
			t.Errorf("ended %v after the start: begun %v after it", ended, r.begun.Sub(start))
		}
	}
}

// TestQueueEnds gives up queued images, by Discard, by the end of the context and by
// faults of the device: the images beside them have their bytes, and no buffer is lost.
func TestQueueEnds(t *testing.T) {
	var fail atomic.Int32 // the operation that fails, counted down
	boom := errors.New("boom")
	dev := listening(t, func(p gpu.FaultPoint) error {
		if p.Op != "alloc" && fail.Add(-1) == 0 {
			return boom
		}
		return nil
	})
	m := testModel(t, backboneSection, bankSection, refinerSection)
	d := open(t, dev, m, Options{Queue: true})
	want := []*Result{detect(t, d, 0), detect(t, d, 1)}
	held := dev.Used().Live

	a, b := prepare(t, d, 0), prepare(t, d, 1)
	queue(t, a)
	queue(t, b)
	b.Discard()
	sameResult(t, "beside a discarded image", result(t, a), want[0])
	sameResult(t, "after it was discarded", result(t, b), want[1])

	ctx, cancel := context.WithCancel(t.Context())
	a, b = prepare(t, d, 0), prepare(t, d, 1)
	queue(t, a)
	if err := b.Queue(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	sameResult(t, "beside a cancelled image", result(t, a), want[0])
	if _, err := b.Result(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled image: %v", err)
	}

	for at := range int32(26) {
		a, b := prepare(t, d, 0), prepare(t, d, 1)
		queue(t, a)
		fail.Store(at + 1)
		err := b.Queue(t.Context())
		if failed := fail.Load() <= 0; failed != (err != nil) || failed && !errors.Is(err, boom) {
			t.Errorf("fault %d: %v", at, err)
		}
		fail.Store(0)
		sameResult(t, fmt.Sprint("fault ", at), result(t, a), want[0])
		sameResult(t, fmt.Sprint("after fault ", at), result(t, b), want[1])
	}
	if live := dev.Used().Live; live > held+2 { // two images had staging at once
		t.Errorf("%d buffers live, %d before", live, held)
	}

	seen := 0
	m.Store = changed{m.Store, "blocks.5.project.weight", func(v []float32) {
		for i := range v {
			v[i] = math.MaxFloat32
		}
	}, &seen}
	bad := prepare(t, open(t, dev, m, Options{Queue: true}), 0)
	queue(t, bad)
	if _, err := bad.Result(t.Context()); !errors.Is(err, graph.ErrNonFinite) || seen == 0 {
		t.Errorf("got %v, want ErrNonFinite", err)
	}
}
