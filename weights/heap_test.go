package weights

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
)

// TestLoadHeap loads a 96 MiB model of every kind from a file with the heap collected eagerly and watches it at every progress
// report: it must stay below the result plus 64 MiB, whether read at once or streamed tensor by tensor.
func TestLoadHeap(t *testing.T) {
	const n = 8 << 20
	v := gauss(8, n)
	path := filepath.Join(t.TempDir(), "m.drdc")
	set := []Named{
		{Name: "base.a", Shape: []int{n / 512, 512}, Data: v}, {Name: "base.b", DType: F16, Shape: []int{n / 512, 512}, Data: v},
		{Name: "base.c", DType: Int8, Shape: []int{n / 512, 512}, Data: v},
	}
	if _, err := Write(path, testMeta, set); err != nil {
		t.Fatal(err)
	}
	v, set = nil, nil
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	var peak atomic.Uint64
	watch := func(int64, int64) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak.Store(max(peak.Load(), m.HeapAlloc))
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const model = 3 * 4 * n
	before := heap()
	all, err := f.ReadAll(context.Background(), 0, watch)
	if err != nil || len(all) != 3 {
		t.Fatal(err)
	}
	t.Logf("ReadAll: model %d MiB, peak %d MiB", model>>20, (peak.Load()-before)>>20)
	if peak.Load()-before > model+64<<20 {
		t.Errorf("ReadAll: peak of %d bytes for a model of %d", peak.Load()-before, model)
	}
	runtime.KeepAlive(all)
	all = nil
	before = heap()
	peak.Store(0)
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := Stream(context.Background(), in, watch, nil, func(Tensor, []float32) error { return nil }); err != nil {
		t.Fatal(err)
	}
	// One tensor is in flight while the last may wait for the collector.
	t.Logf("Stream: tensors of %d MiB, peak %d MiB", 4*n>>20, (peak.Load()-before)>>20)
	if peak.Load()-before > 2*4*n+64<<20 {
		t.Errorf("Stream: peak of %d bytes for tensors of %d", peak.Load()-before, 4*n)
	}
}
