package detect

import (
	"flag"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

var leakImages = flag.Int("leak-images", 60, "images that TestLeak runs; the promise is held at 200")

// TestLeak runs many images with one detector: the last ones take no more memory
// than the first 50 did, within 5%, equal images give equal bytes to the end, and
// every buffer that was made is given back.
func TestLeak(t *testing.T) {
	dev := openDevice(t, 0)
	d, err := Open(t.Context(), dev, testModel(t, backboneSection, bankSection, refinerSection), Options{})
	if err != nil {
		t.Fatal(err)
	}
	first := detect(t, d, 1)
	held := dev.Used().Live
	var before int
	for i := range *leakImages {
		if i == min(50, *leakImages/2) {
			before = resident(t)
		}
		r := detect(t, d, 1)
		if r.Score != first.Score {
			t.Fatalf("image %d: score %v, the first time %v", i, r.Score, first.Score)
		}
		for p, v := range r.Heatmap.Val {
			if v != first.Heatmap.Val[p] {
				t.Fatalf("image %d, pixel %d: %v, the first time %v", i, p, v, first.Heatmap.Val[p])
			}
		}
	}
	after := resident(t)
	t.Logf("figure: %d images with one detector: %d KiB resident early, %d KiB at the end (+5%%), same bytes throughout", *leakImages, before>>10, after>>10)
	if after > before+before/20 {
		t.Errorf("%d KiB resident at the end, want at most 5%% over the %d KiB early", after>>10, before>>10)
	}
	if live := dev.Used().Live; live != held {
		t.Errorf("%d buffers live after the last image, %d after the first", live, held)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	// What is read has three sizes: checks, the base map and the error maps. The
	// device keeps a staging buffer of each.
	if u := dev.Used(); u.Created != u.Destroyed+u.Live || u.Live > 3 {
		t.Errorf("%d buffers made, %d given back, %d live", u.Created, u.Destroyed, u.Live)
	}
}

// resident is the memory of this process in bytes.
func resident(t *testing.T) int {
	t.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
