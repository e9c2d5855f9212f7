package bank

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model/modeltest"
)

// TestBuild compares the device with a search written out here.
func TestBuild(t *testing.T) {
	const rows, columns, channels, size = 5, 6, 7, 33
	for _, c := range []Config{
		{Metric: L2, Neighborhood: 1},
		{Metric: L2, Neighborhood: 3},
		{Metric: Cosine, Neighborhood: 3},
	} {
		c.FeatureSize, c.InChannels, c.Size = [2]int{rows, columns}, channels, size
		t.Run(string(c.Metric), func(t *testing.T) {
			g := graph.New()
			tensor := kernels.Float(2, rows, columns, channels)
			g.Output("y", c.Build(g, Options{Prefix: "bank."}, g.Input("x", tensor)))
			x := modeltest.Input("x", tensor)
			store := graph.Values{"bank.features": {Shape: []int{size, channels}, Data: memory(size, channels)}}
			got := modeltest.Run(t, g, store, map[string]*kernels.Array{"x": x})["y"]
			for n := range 2 {
				for h := range rows {
					for w := range columns {
						want := search(c, x, store["bank.features"].Data, n, h, w)
						if v := got.At(n, h, w, 0); math.Abs(v-want) > 2e-6 { // float32 of values up to 5
							t.Errorf("place %d %d %d: %g, want %g", n, h, w, v, want)
						}
					}
				}
			}
		})
	}
}

func memory(size, channels int) []float32 {
	a := modeltest.Input("memory", kernels.Float(1, 1, size, channels))
	var v []float32
	for i := range size {
		for _, x := range a.Row(i) {
			v = append(v, float32(x))
		}
	}
	return v
}

func search(c Config, x *kernels.Array, memory []float32, n, h, w int) float64 {
	q := make([]float64, c.InChannels)
	count, r := 0.0, c.Neighborhood/2
	for i := max(h-r, 0); i <= min(h+r, c.FeatureSize[0]-1); i++ {
		for j := max(w-r, 0); j <= min(w+r, c.FeatureSize[1]-1); j++ {
			count++
			for k := range q {
				q[k] += x.At(n, i, j, k)
			}
		}
	}
	for k := range q {
		q[k] /= count
	}
	best := math.Inf(1)
	for m := range c.Size {
		row := make([]float64, c.InChannels)
		for k := range row {
			row[k] = float64(memory[m*c.InChannels+k])
		}
		sum := 0.0
		for k := range row {
			a, b := q[k], row[k]
			if c.Metric == Cosine {
				a, b = a/norm(q), b/norm(row)
			}
			sum += (a - b) * (a - b)
		}
		best = min(best, math.Sqrt(sum))
	}
	return best
}

func norm(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum)
}

func TestCollect(t *testing.T) {
	rows := make([]float32, 20)
	for i := range rows {
		rows[i] = float32(i)
	}
	if got := Collect(rows, 2, 10, 1); !slices.Equal(got, rows) {
		t.Errorf("all rows: %v", got)
	}
	a, b := Collect(rows, 2, 4, 1), Collect(rows, 2, 4, 1)
	if len(a) != 8 || !slices.Equal(a, b) || !slices.IsSorted(a) {
		t.Errorf("four rows: %v and %v", a, b)
	}
	for i := 0; i < len(a); i += 2 {
		if int(a[i])%2 != 0 || a[i+1] != a[i]+1 {
			t.Errorf("%v does not hold whole rows", a)
		}
	}
	if c := Collect(rows, 2, 4, 2); slices.Equal(a, c) {
		t.Error("another seed picks the same rows")
	}
}

func TestValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		change func(c *Config)
		want   string
	}{
		{func(c *Config) { c.Metric = "l1" }, `metric "l1", want "l2" or "cosine"`},
		{func(c *Config) { c.Neighborhood = 2 }, "neighborhood 2, want an odd number"},
		{func(c *Config) { c.Size = 0 }, "size 0, want 1 to 16777216"},
		{func(c *Config) { c.FeatureSize[1] = 0 }, "feature_size columns 0, want 1 to 1024"},
		{func(c *Config) { c.InChannels = -1 }, "in_channels -1, want 1 to 65536"},
	} {
		c := Default()
		test.change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}
