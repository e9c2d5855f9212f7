package kernels

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// goldenTensor is a tensor as PyTorch has it: row-major, images as NCHW.
type goldenTensor struct {
	Shape []int
	Data  []float64
}

// goldenCase is one case of testdata/golden/kernels/NAME.json, made by a
// gen_*.py beside it. Params holds the fields of the operation.
type goldenCase struct {
	Name   string
	Params json.RawMessage
	In     []goldenTensor
	Out    []goldenTensor
}

func loadGolden(t *testing.T, name string) []goldenCase {
	t.Helper()
	b, err := os.ReadFile("../testdata/golden/kernels/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []goldenCase }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatalf("%s.json has no cases", name)
	}
	return file.Cases
}

// nchw lays an NCHW tensor out as an array.
func (g goldenTensor) nchw(t *testing.T) *Array {
	t.Helper()
	if len(g.Shape) != 4 || len(g.Data) != g.Shape[0]*g.Shape[1]*g.Shape[2]*g.Shape[3] {
		t.Fatalf("golden tensor of shape %v has %d values", g.Shape, len(g.Data))
	}
	a := NewArray(Float(g.Shape[0], g.Shape[2], g.Shape[3], g.Shape[1]))
	eachElem(a.Shape, func(n, h, w, c int) {
		a.Set(n, h, w, c, g.Data[((n*g.Shape[1]+c)*g.Shape[2]+h)*g.Shape[3]+w])
	})
	return a
}

// goldenImages compares the reference of Op, which has one output, with every
// case of NAME.json; all tensors are NCHW. PyTorch computed in float64, so that
// only rounding is left.
func goldenImages[O Op](t *testing.T, name string) {
	for _, g := range loadGolden(t, name) {
		t.Run(g.Name, func(t *testing.T) {
			var op O
			d := json.NewDecoder(bytes.NewReader(g.Params))
			d.DisallowUnknownFields()
			if err := d.Decode(&op); err != nil {
				t.Fatal(err)
			}
			c := Case{Op: op}
			var in []*Array
			for _, x := range g.In {
				a := x.nchw(t)
				in, c.In = append(in, a), append(c.In, a.Tensor)
			}
			out, err := c.Outputs(in)
			if err != nil {
				t.Fatal(err)
			}
			wantClose(t, out[0], g.Out[0].nchw(t), 1e-20)
		})
	}
}

// wantClose fails when the NMSE of got against want is over bound.
func wantClose(t *testing.T, got, want *Array, bound float64) {
	t.Helper()
	if got.Tensor != want.Tensor {
		t.Fatalf("got %v, want %v", got.Tensor, want.Tensor)
	}
	var num, den float64
	for i, w := range want.Data {
		num, den = num+(got.Data[i]-w)*(got.Data[i]-w), den+w*w
	}
	if !(num <= bound*den) {
		t.Errorf("NMSE %.3g, bound %.3g: got %.6g, want %.6g", num/den, bound, got.Data[:min(8, len(got.Data))], want.Data[:min(8, len(got.Data))])
	}
}
