package detect

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/runtime/graph"
)

// counted is a Store that counts.
type counted struct {
	graph.Store
	reads *int
}

// Float32 implements graph.Store.
func (c counted) Float32(ctx context.Context, name string) ([]float32, []int, error) {
	*c.reads++
	return c.Store.Float32(ctx, name)
}

// TestShared opens Detectors of other settings on the parameters of the first: nothing
// is read again, nothing is there twice, and the results are those of a Detector of its
// own.
func TestShared(t *testing.T) {
	dev := openDevice(t, 0)
	m := testModel(t, backboneSection, bankSection, refinerSection)
	reads := 0
	m.Store = counted{m.Store, &reads}
	params := graph.NewParams(dev)
	infer := m.Config.Infer
	infer.Timesteps, infer.Cells, infer.Sets = []int{200}, []int{16, 4, 2}, 3
	loaded := 0
	for i, o := range []Options{{}, {Infer: &infer, Batch: 2}, {NoRefine: true}, {}} {
		reads = 0
		o.Params = params
		d, err := Open(t.Context(), dev, m, o)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			loaded = reads
		} else if reads > 0 {
			t.Errorf("options %d: %d tensors were read again", i, reads)
		}
		if got := d.Memory().Params; got != params.Bytes() || got == 0 {
			t.Errorf("options %d: %d bytes of parameters reported, %d are there", i, got, params.Bytes())
		}
		o.Params = nil
		want, got := detect(t, open(t, dev, m, o), 1), detect(t, d, 1)
		if got.Score != want.Score || !slices.Equal(got.Heatmap.Val, want.Heatmap.Val) {
			t.Errorf("options %d: score %v, a Detector of its own %v; equal maps: %v", i, got.Score, want.Score, slices.Equal(got.Heatmap.Val, want.Heatmap.Val))
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	own, err := Open(t.Context(), dev, m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := params.Bytes(), own.Memory().Params; got != want || loaded == 0 {
		t.Errorf("%d bytes of shared parameters after all settings, one Detector has %d", got, want)
	}
	if err := errors.Join(own.Close(), params.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestSharedAfterFailure: what could not be loaded is loaded by the next Open.
func TestSharedAfterFailure(t *testing.T) {
	dev := openDevice(t, 0)
	m := testModel(t, refinerSection)
	seen := 0
	broken := m
	broken.Store = changed{m.Store, "out.2.weight", func(v []float32) { v[0] = float32(math.NaN()) }, &seen}
	params := graph.NewParams(dev)
	defer func() {
		if err := params.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := Open(t.Context(), dev, broken, Options{Params: params}); !errors.Is(err, graph.ErrNonFinite) || seen != 1 {
		t.Fatalf("opened a broken model: %v, read %d times", err, seen)
	}
	want, got := detect(t, open(t, dev, m, Options{}), 1), detect(t, open(t, dev, m, Options{Params: params}), 1)
	if got.Score != want.Score || !slices.Equal(got.Heatmap.Val, want.Heatmap.Val) {
		t.Errorf("score %v after a failure, want %v", got.Score, want.Score)
	}
}

// patient is a Store that has nothing before ready is closed.
type patient struct {
	graph.Store
	ready <-chan struct{}
}

// Float32 implements graph.Store.
func (p patient) Float32(ctx context.Context, name string) ([]float32, []int, error) {
	select {
	case <-p.ready:
	case <-time.After(time.Minute):
		return nil, nil, errors.New("nothing was compiled while the weights were waited for")
	}
	return p.Store.Float32(ctx, name)
}

// TestOverlap: all shaders are compiled while no weight has arrived.
func TestOverlap(t *testing.T) {
	m := testModel(t, backboneSection, bankSection, refinerSection)
	ready := make(chan struct{})
	var once sync.Once
	left := map[string]bool{"compile base": true, "compile refiner": true}
	m.Store = patient{m.Store, ready}
	open(t, openDevice(t, 0), m, Options{Progress: func(stage string, done, total int) {
		if strings.HasPrefix(stage, "compile") && done == total {
			delete(left, stage)
		}
		if len(left) == 0 {
			once.Do(func() { close(ready) })
		}
	}})
}
