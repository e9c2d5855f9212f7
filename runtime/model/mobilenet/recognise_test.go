package mobilenet

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/imgio"
	"github.com/drdc-dev/drdc/runtime/model/modeltest"
	"github.com/drdc-dev/drdc/weights"
	"github.com/drdc-dev/drdc/weights/safetensors"
)

// arrays is a graph.Store of a checkpoint with our names.
type arrays []weights.Array

func (as arrays) Float32(_ context.Context, name string) ([]float32, []int, error) {
	for _, a := range as {
		if prefix+a.Name == name {
			v, err := a.Float32()
			return v, a.Shape, err
		}
	}
	return nil, nil, fmt.Errorf("no tensor %q", name)
}

// TestRecognise shows ImageNet weights two photos. Class 0 is the background, so
// that class i of ImageNet is i+1.
func TestRecognise(t *testing.T) {
	const folder = "../../../../shared/weights/"
	if _, err := os.Stat(folder); err != nil {
		fmt.Println("mobilenet: not run: recognition of photos, needs shared/weights beside the project")
		t.SkipNow()
	}
	as, _, err := safetensors.Load(folder + "mobilenet_v2_imagenet.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Padding: Dynamic, Classes: 1001}
	for _, src := range c.Tensors() {
		if !slices.ContainsFunc(as, func(a weights.Array) bool { return a.Name == src.Name && slices.Equal(a.Shape, src.Shape) }) {
			t.Errorf("no tensor %q of shape %v", src.Name, src.Shape)
		}
	}
	g := build(t, c, kernels.Float(2, 224, 224, 3), kernels.F32)
	photos := []struct {
		file string
		want map[int]string
	}{
		{"cat.jpg", map[int]string{282: "tabby", 283: "tiger cat", 286: "Egyptian cat"}},
		{"parrot.jpg", map[int]string{89: "macaw"}},
	}
	in := kernels.NewArray(kernels.Float(2, 224, 224, 3))
	for i, p := range photos {
		for j, v := range pixels(t, folder+p.file) {
			in.Data[i*len(in.Data)/2+j] = float64(v)
		}
	}
	logits := modeltest.Run(t, g, graph.Store(arrays(as)), map[string]*kernels.Array{"image": in})["logits"]
	for i, p := range photos {
		row := logits.Row(i)
		top := slices.Index(row, slices.Max(row))
		if p.want[top] == "" {
			t.Errorf("%s: class %d, want one of %v", p.file, top, p.want)
		}
		t.Logf("%s: class %d, %s", p.file, top, p.want[top])
	}
}

// pixels reads a photo as the network wants it: 224x224, x/127.5 - 1.
func pixels(t *testing.T, path string) []float32 {
	t.Helper()
	data, err := imgio.ReadFile(path, imgio.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	img, err := imgio.Decode(data, path, imgio.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if img, err = imgio.Resize(img, 224, 224); err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 224*224*imgio.Lanes)
	if err := imgio.Signed().Apply(x, img); err != nil {
		t.Fatal(err)
	}
	return x
}
