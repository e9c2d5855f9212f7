package plugin_test

import (
	"bytes"
	"flag"
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
