package plugin_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
)

// nightly turns the tests of the nightly and release rows to their full size.
var nightly = flag.Bool("nightly", false, "run 10,000 cycles and 20,000 mutated modules")

// use is what a leak would raise.
type use struct {
	heap       uint64
	goroutines int
	code       int // executable mappings of no file: compiled modules
	space      int // bytes of all mappings: each guest's memory has 32 MiB
}

func settle() use {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := use{heap: m.HeapAlloc, goroutines: runtime.NumGoroutine()}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return u // not Linux: there is no such file
	}
	for line := range strings.Lines(string(maps)) {
		var first, end, inode uint64
		var rights, skip string
		if _, err := fmt.Sscanf(line, "%x-%x %s %s %s %d", &first, &end, &rights, &skip, &skip, &inode); err != nil {
			panic(fmt.Sprintf("mapping %q: %v", line, err))
		}
		u.space += int(end - first)
		if strings.Contains(rights, "x") && inode == 0 {
			u.code++
		}
	}
	return u
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
