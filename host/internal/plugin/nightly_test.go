package plugin_test

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
)

// nightly turns the tests of the nightly and release rows to their full size.
var nightly = flag.Bool("nightly", false, "run 10,000 cycles and 20,000 mutated modules")

// use is what a leak would raise.
type use struct {
	heap                 uint64
	goroutines, mappings int
}

func settle() use {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		maps = nil // not Linux: there is no such file
	}
	return use{m.HeapAlloc, runtime.NumGoroutine(), bytes.Count(maps, []byte("\n"))}
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(m.Run())
}

// mutate changes a few bytes of one of the modules: flips, small numbers, a stretch copied or moved within it.
func mutate(random *rand.Rand, seeds [][]byte) []byte {
	m := bytes.Clone(seeds[random.IntN(len(seeds))])
	for range 1 + random.IntN(4) {
		at := 8 + random.IntN(len(m)-8)
		switch random.IntN(4) {
		case 0:
			m[at] ^= 1 << random.IntN(8)
		case 1:
			m[at] = byte(random.IntN(256))
		case 2:
			m[at] = byte(random.IntN(16))
		case 3:
			n := min(1+random.IntN(16), len(m)-at)
			from := 8 + random.IntN(len(m)-8-n+1)
			copy(m[at:at+n], bytes.Clone(m[from:from+n]))
		}
	}
	return m
}
