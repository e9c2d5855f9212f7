package detect

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/runtime/model/bank"
	"github.com/drdc-dev/drdc/weights"
	"github.com/drdc-dev/drdc/weights/safetensors"
)

// TestCookies remembers features of good cookies and looks at others: defects get
// higher scores. Every third image is taken, 2,000 features are kept.
func TestCookies(t *testing.T) {
	const data, checkpoint = "../../../shared/data/cookie/", "../../../shared/weights/mobilenet_v2_imagenet.safetensors"
	for _, path := range []string{data, checkpoint} {
		if _, err := os.Stat(path); err != nil {
			fmt.Println("detect: not run: cookies, needs shared/data/cookie and shared/weights beside the project")
			t.SkipNow()
		}
	}
	const memory = 2000
	c, err := model.Parse([]byte(fmt.Sprintf(`{"backbone": {"arch": "mobilenet_v2"}, "base": {"arch": "bank", "size": %d}}`, memory)))
	if err != nil {
		t.Fatal(err)
	}
	arrays, _, err := safetensors.Load(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	store := parts{"backbone": checkpointStore(arrays)}
	dev := openDevice(t, 0)
	var rows []float32
	extract := featuresOf(t, dev, c, store)
	for _, path := range every(t, 3, data+"train/good/*") {
		rows = append(rows, extract(load(t, path))...)
	}
	channels := c.Base.Channels()
	store["bank"] = graph.Values{"bank.features": {Shape: []int{memory, channels}, Data: bank.Collect(rows, channels, memory, 1)}}
	d := open(t, dev, Model{Config: c, Store: store}, Options{})
	scores := map[string][]float64{}
	for _, kind := range []string{"good", "anomaly"} {
		for _, path := range every(t, 3, data+"test/"+kind+"/*") {
			r, err := d.Detect(context.Background(), load(t, path), [32]byte{})
			if err != nil {
				t.Fatal(err)
			}
			scores[kind] = append(scores[kind], r.Score)
		}
	}
	right, pairs := 0.0, 0.0
	for _, bad := range scores["anomaly"] {
		for _, good := range scores["good"] {
			pairs++
			if bad > good {
				right++
			}
		}
	}
	t.Logf("%d good and %d defective cookies: AUROC %.3f", len(scores["good"]), len(scores["anomaly"]), right/pairs)
	if !(right/pairs > 0.75) { // chance is 0.5
		t.Errorf("AUROC %.3f: scores %v", right/pairs, scores)
	}
}

// checkpointStore is a graph.Store of a checkpoint of the backbone.
type checkpointStore []weights.Array

// Float32 implements graph.Store.
func (s checkpointStore) Float32(_ context.Context, name string) ([]float32, []int, error) {
	for _, a := range s {
		if "backbone."+a.Name == name {
			v, err := a.Float32()
			return v, a.Shape, err
		}
	}
	return nil, nil, fmt.Errorf("no tensor %q", name)
}

// featuresOf returns what extracts the features that a bank remembers.
func featuresOf(t *testing.T, dev *gpu.Device, c model.Config, s graph.Store) func(*imgio.RGB) []float32 {
	t.Helper()
	ctx := context.Background()
	g := graph.New()
	x := c.Backbone.Build(g, "backbone.", kernels.F32, g.Input(inPixels, kernels.Float(1, c.ImageSize, c.ImageSize, 3)), c.Base.FeatureSize())
	g.Output("features", c.Base.Bank.Local(g, x))
	plan, err := g.Plan(graph.DeviceLimits(dev))
	if err != nil {
		t.Fatal(err)
	}
	params := graph.NewParams(dev)
	if err := params.Load(ctx, g, s, nil); err != nil {
		t.Fatal(err)
	}
	e, err := plan.Load(ctx, dev, params, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, err := range []error{e.Close(), params.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	return func(img *imgio.RGB) []float32 {
		small, err := imgio.Resize(img, c.ImageSize, c.ImageSize)
		if err != nil {
			t.Fatal(err)
		}
		pixels := make([]float32, small.W*small.H*imgio.Lanes)
		if err := imgio.Standard(c.Backbone.Mean, c.Backbone.Std).Apply(pixels, small); err != nil {
			t.Fatal(err)
		}
		if err := e.Write(inPixels, kernels.Encode(kernels.F32, pixels)); err != nil {
			t.Fatal(err)
		}
		if err := e.Submit(); err != nil {
			t.Fatal(err)
		}
		data, err := e.Read(ctx, "features")
		if err != nil {
			t.Fatal(err)
		}
		return kernels.Decode32(data) // 192 channels need no padding
	}
}

func every(t *testing.T, n int, pattern string) []string {
	t.Helper()
	all, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var some []string
	for i := 0; i < len(all); i += n {
		if !strings.HasPrefix(filepath.Base(all[i]), ".") {
			some = append(some, all[i])
		}
	}
	if len(some) < 3 {
		t.Fatalf("%d images match %s", len(some), pattern)
	}
	return some
}

func load(t *testing.T, path string) *imgio.RGB {
	t.Helper()
	data, err := imgio.ReadFile(path, imgio.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	img, err := imgio.Decode(data, path, imgio.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return img
}
