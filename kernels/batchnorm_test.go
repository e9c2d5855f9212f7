package kernels

import (
	"encoding/json"
	"testing"
)

// TestFoldBatchNorm compares a folded convolution with a convolution and a batch
// norm in PyTorch (testdata/golden/kernels/gen_contractions.py, seed 20240503).
// The folded weights are float32, which leaves 1e-14 or so.
func TestFoldBatchNorm(t *testing.T) {
	for _, g := range loadGolden(t, "batchnorm") {
		t.Run(g.Name, func(t *testing.T) {
			var params struct{ Eps float64 }
			if err := json.Unmarshal(g.Params, &params); err != nil {
				t.Fatal(err)
			}
			var from [7][]float32
			for i, x := range g.In {
				from[i] = x.floats()
			}
			oihw := [4]int(g.In[1].Shape)
			w, b := FoldBatchNorm(from[1], from[6], from[2], from[3], from[4], from[5], params.Eps)
			got := reference(t, Conv2D{Stride: [2]int{1, 1}, Bias: true}, g.In[0].nchw(t),
				stored(t, ConvShape(oihw, 0), PackConv(w, oihw, 0)), stored(t, Shape{1, 1, 1, len(b)}, PackVector(b)))
			wantClose(t, got, g.Out[0].nchw(t), 1e-13)
		})
	}
}
