package bank

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestCoresetCoversClusters draws tight clusters of very different sizes: a random
// choice of as many rows as clusters misses small ones, the coreset has one of each.
func TestCoresetCoversClusters(t *testing.T) {
	const channels, clusters = 48, 12
	r := rand.New(rand.NewPCG(1, 2))
	var rows []float32
	for k := range clusters {
		center := make([]float32, channels)
		for i := range center {
			center[i] = float32(10 * r.NormFloat64())
		}
		for range 1 << k {
			for _, v := range center {
				rows = append(rows, v+0.01*float32(r.NormFloat64()))
			}
		}
	}
	kept, err := Coreset(context.Background(), rows, channels, clusters, 7, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Coreset(context.Background(), rows, channels, clusters, 7, nil)
	if err != nil || !slices.Equal(kept, again) {
		t.Errorf("the same seed picked other rows (%v)", err)
	}
	for i := range clusters {
		for j := range i {
			d := float32(0)
			for c := range channels {
				x := kept[i*channels+c] - kept[j*channels+c]
				d += x * x
			}
			if d < 100 {
				t.Errorf("rows %d and %d are of one cluster: squared distance %g", i, j, d)
			}
		}
	}
}

func TestCoresetKeepsAllOfFew(t *testing.T) {
	rows := []float32{1, 2, 3, 4, 5, 6}
	kept, err := Coreset(context.Background(), rows, 2, 3, 0, nil)
	if err != nil || !slices.Equal(kept, rows) {
		t.Errorf("kept %v (%v), want all of %v", kept, err, rows)
	}
}

func TestCoresetStops(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Coreset(ctx, make([]float32, 100), 1, 10, 0, nil); err == nil {
		t.Error("a cancelled choice ended without an error")
	}
}
