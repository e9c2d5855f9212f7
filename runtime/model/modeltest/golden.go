package modeltest

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/drdc-dev/drdc/kernels"
	"github.com/drdc-dev/drdc/runtime/graph"
)

// Case is one case of testdata/golden/models/NAME.json, made by gen_NAME.py with
// the seed of common.py.
type Case struct {
	Name    string
	Config  json.RawMessage
	Inputs  map[string][]int // NCHW shapes
	Outputs map[string]Output
	Tensors []graph.Source // of the state dict, in its order, where the golden has them
}

// Input describes an input in the order of the graph's axes.
func (c Case) Input(t *testing.T, name string) kernels.Tensor {
	t.Helper()
	s := c.Inputs[name]
	if len(s) != 4 {
		t.Fatalf("input %q has shape %v, want NCHW", name, s)
	}
	return kernels.Float(s[0], s[2], s[3], s[1])
}

// Decode reads the configuration of the case into a network's.
func (c Case) Decode(t *testing.T, config any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(c.Config))
	d.DisallowUnknownFields()
	if err := d.Decode(config); err != nil {
		t.Fatal(err)
	}
}

// Output is what PyTorch computed in float64.
type Output struct {
	Shape   []int     // NCHW
	Norm    float64   // L2 norm of all values
	Samples []float64 // all values, or those at samples()
}

const samples = 1000 // SAMPLES of common.py

// Load reads a golden; the test's package is three folders below the root.
func Load(t *testing.T, name string) []Case {
	t.Helper()
	b, err := os.ReadFile("../../../testdata/golden/models/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []Case }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatalf("%s.json has no cases", name)
	}
	return file.Cases
}

// Compare fails when the relative L2 error of got at the samples, or the relative
// error of its norm, is over bound.
func (o Output) Compare(t *testing.T, got *kernels.Array, bound float64) {
	t.Helper()
	s := got.Shape
	if len(o.Shape) != 4 || s != (kernels.Shape{o.Shape[0], o.Shape[2], o.Shape[3], o.Shape[1]}) {
		t.Fatalf("got %v, want NCHW %v", got.Tensor, o.Shape)
	}
	at := make([]float64, s.Elems())
	if len(at) > samples {
		at = uniform("samples", samples)
		for i, u := range at {
			at[i] = math.Floor((u + 1) / 2 * float64(s.Elems()))
		}
	} else {
		for i := range at {
			at[i] = float64(i)
		}
	}
	if len(o.Samples) != len(at) {
		t.Fatalf("%d samples, want %d", len(o.Samples), len(at))
	}
	var num, den float64
	for i, w := range o.Samples {
		d := got.At(nchw(s, int(at[i]))) - w
		num, den = num+d*d, den+w*w
	}
	var norm float64
	for i := range s.Pixels() {
		for _, v := range got.Row(i) {
			norm += v * v
		}
	}
	norm = math.Abs(math.Sqrt(norm)/o.Norm - 1)
	err := math.Sqrt(num / den)
	t.Logf("relative L2 error %.2g at %d samples, of the norm %.2g, bound %.2g", err, len(at), norm, bound)
	if !(err <= bound && norm <= bound) {
		t.Errorf("relative L2 error %.3g at %d samples, of the norm %.3g, bound %.3g", err, len(at), norm, bound)
	}
}
