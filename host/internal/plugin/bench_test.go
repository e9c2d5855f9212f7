package plugin_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/host/internal/plugin"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/wasm/abi"
)

// plainMean is the loop that a rule is compared with: the mean of all maps, in Go.
func plainMean(dst []float32, s *fusion.Stack) {
	clear(dst)
	for _, m := range s.Maps {
		for i, v := range m.Val {
			dst[i] += v
		}
	}
	for i := range dst {
		dst[i] /= float32(len(s.Maps))
	}
}

// BenchmarkFuse runs 40 maps of 224 x 224 through each module, and the same sum and the built-in rule in Go.
func BenchmarkFuse(b *testing.B) {
	s := stack(1, 224, 224, 40, true)
	dst := make([]float32, s.W*s.H)
	b.Run("plain Go sum", func(b *testing.B) {
		for b.Loop() {
			plainMean(dst, s)
		}
	})
	rule := mustRule(b, "paper", fusion.Default())
	b.Run("built-in paper", func(b *testing.B) {
		for b.Loop() {
			if _, err := rule.Fuse(b.Context(), s); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, name := range []string{"mean-c", "paper-c", "paper-rust", "paper-go", "border-mask-as", "trimmed-mean-c", "maximum-wat"} {
		b.Run(name, func(b *testing.B) {
			r := newRule(b, open(b, read(b, prebuilt, name), plugin.Options{}), plugin.RuleOptions{Config: fusion.Default()})
			for b.Loop() {
				if _, err := r.Fuse(b.Context(), s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCall is what an image costs beside its pixels: one map of one pixel.
func BenchmarkCall(b *testing.B) {
	for _, name := range []string{"mean-c", "paper-go"} {
		b.Run(name, func(b *testing.B) {
			p := open(b, read(b, prebuilt, name), plugin.Options{})
			img := abi.Image{Width: 1, Height: 1, Maps: 1, MeanFilter: 1}
			for b.Loop() {
				if _, err := p.Fuse(b.Context(), img, zeros(1)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestSpeed holds a module that sums to 1.5 times the plain Go loop, and a call without data to 5 us. The two are measured in
// turns, because other processes share this machine.
func TestSpeed(t *testing.T) {
	s := stack(1, 224, 224, 40, false)
	r := newRule(t, open(t, read(t, prebuilt, "mean-c"), plugin.Options{}), plugin.RuleOptions{Config: fusion.Default()})
	dst := make([]float32, s.W*s.H)
	fastest := func(n int, fs ...func()) []time.Duration {
		best := slices.Repeat([]time.Duration{time.Hour}, len(fs))
		for range n {
			for i, f := range fs {
				start := time.Now()
				f()
				best[i] = min(best[i], time.Since(start))
			}
		}
		return best
	}
	var fused *fusion.Fused
	d := fastest(30, func() { plainMean(dst, s) }, func() {
		var err error
		if fused, err = r.Fuse(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	})
	if !slices.Equal(fused.Heatmap, dst) {
		t.Error("the module's sum differs")
	}
	ratio := float64(d[1]) / float64(d[0])
	if ratio > 1.5 {
		late(t, "the module takes %.2f times the plain loop, want at most 1.5", ratio)
	}
	figure(t, "40 maps of 224 x 224: plain Go sum %v, C module %v: %.2f times (1.5)", d[0], d[1], ratio)

	p := open(t, read(t, prebuilt, "mean-c"), plugin.Options{})
	img := abi.Image{Width: 1, Height: 1, Maps: 1, MeanFilter: 1}
	const calls = 200
	call := fastest(30, func() {
		for range calls {
			if _, err := p.Fuse(t.Context(), img, zeros(1)); err != nil {
				t.Fatal(err)
			}
		}
	})[0] / calls
	// An image of one map calls the guest 6 times: alloc twice, begin, map, finish, reset.
	each := call / 6
	if each > 5*time.Microsecond {
		late(t, "a call without data takes %v, want at most 5us", each)
	}
	figure(t, "an image of one pixel: %v for 6 calls: %v for each (5us)", call, each)
}

// TestCycles loads, runs and closes a module many times: memory, compiled code and goroutines come back.
func TestCycles(t *testing.T) {
	cycles := 1000 / 5
	if *nightly {
		cycles = 10_000
	}
	module := read(t, attacks, "hostile")
	cycle := func() {
		p, err := plugin.Open(t.Context(), module, plugin.Options{})
		if err != nil {
			t.Fatal(err)
		}
		good(t, p)
		if _, err := p.Fuse(t.Context(), one(trap), zeros(16)); err == nil {
			t.Fatal("no trap")
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		cycle()
	}
	before := settle()
	for range cycles {
		cycle()
	}
	after := settle()
	grown, space := int64(after.heap)-int64(before.heap), after.space-before.space
	// Go itself maps more of its heap in steps of 64 MiB.
	if grown > 5<<20 || after.goroutines > before.goroutines || after.code > before.code || space > 128<<20 {
		t.Errorf("%d cycles: heap %+d bytes, goroutines %d to %d, compiled modules %d to %d, address space %+d bytes",
			cycles, grown, before.goroutines, after.goroutines, before.code, after.code, space)
	}
	figure(t, "%d load, run, trap, close cycles: heap %+.2f MiB (5), goroutines %+d (0), compiled modules %+d (0), address space %+d MiB (128)",
		cycles, float64(grown)/(1<<20), after.goroutines-before.goroutines, after.code-before.code, space>>20)
}

// TestHammer shares one plugin between goroutines, one of which gets traps.
func TestHammer(t *testing.T) {
	p := open(t, read(t, attacks, "hostile"), plugin.Options{Instances: 4})
	done := make(chan error, 8)
	for g := range 8 {
		go func() {
			for i := range 125 {
				behaviour := behave
				if g == 0 || i%10 == 0 {
					behaviour = trap
				}
				r, err := p.Fuse(t.Context(), one(behaviour), zeros(16))
				if (err == nil) != (behaviour == behave) || err == nil && r.Score != 1 {
					done <- fmt.Errorf("behaviour %d: score %v, error %v", behaviour, r.Score, err)
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
