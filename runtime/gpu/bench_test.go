package gpu

import (
	"context"
	"fmt"
	"testing"
)

var sizes = []int{256, 64 << 10, 16 << 20}

func BenchmarkWrite(b *testing.B) {
	for _, n := range sizes {
		b.Run(human(uint64(n)), func(b *testing.B) {
			d := open(b, Options{})
			x := newBuffer(b, d, "x", uint64(n), UseStorage)
			data := make([]byte, n)
			b.SetBytes(int64(n))
			for b.Loop() {
				check(b, d.Write(x, 0, data))
			}
			check(b, d.Wait(context.Background()))
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, n := range sizes {
		b.Run(human(uint64(n)), func(b *testing.B) {
			d := open(b, Options{})
			x := newBuffer(b, d, "x", uint64(n), UseStorage)
			data := make([]byte, n)
			b.SetBytes(int64(n))
			for b.Loop() {
				check(b, d.Read(context.Background(), x, 0, data))
			}
		})
	}
}

// BenchmarkSubmit is the cost of a recording of tiny dispatches: the time until
// Submit returns, and in all.
func BenchmarkSubmit(b *testing.B) {
	for _, n := range []int{1, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := open(b, Options{})
			x := newBuffer(b, d, "x", 256, UseStorage)
			p := pipeline(b, d, add)
			var steps []Step
			for range n {
				steps = append(steps, Dispatch{Label: "add", Pipeline: p, Bind: []Bind{{Buffer: x}}, Groups: [3]uint32{1, 1, 1}})
			}
			r := record(b, d, steps...)
			for b.Loop() {
				check(b, d.Submit(r))
				check(b, d.Wait(context.Background()))
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "us/step")
		})
	}
}

// BenchmarkCopy is the ceiling of Write and Read on a CPU adapter.
func BenchmarkCopy(b *testing.B) {
	for _, n := range sizes {
		b.Run(human(uint64(n)), func(b *testing.B) {
			from, to := make([]byte, n), make([]byte, n)
			b.SetBytes(int64(n))
			for b.Loop() {
				copy(to, from)
			}
		})
	}
}
