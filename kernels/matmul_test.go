package kernels

import (
	"errors"
	"strings"
	"testing"
)

// TestMatMulGolden runs packer and reference against PyTorch
// (testdata/golden/kernels/gen_contractions.py, seed 20240503). Both sides are
// float64, so only rounding is left.
func TestMatMulGolden(t *testing.T) {
	for _, g := range loadGolden(t, "matmul") {
		t.Run(g.Name, func(t *testing.T) {
			var op MatMul
			goldenOp(t, g, &op)
			var in []*Array
			for i, x := range g.In {
				switch {
				case i == 1 && strings.HasPrefix(g.Name, "linear"):
					out, k := x.Shape[0], x.Shape[1]
					in = append(in, stored(t, LinearShape(out, k), PackLinear(x.floats(), out, k)))
				case len(x.Shape) == 1:
					in = append(in, x.vector(t))
				default:
					in = append(in, x.nhwc())
				}
			}
			wantClose(t, reference(t, op, in...), g.Out[0].nhwc(), 1e-20)
		})
	}
}

// nhwc is the tensor with its channels innermost already.
func (g goldenTensor) nhwc() *Array {
	return array(g.Shape[0], g.Shape[1], g.Shape[2], g.Shape[3], g.Data...)
}

func TestMatMulRefuses(t *testing.T) {
	a := Float(2, 3, 4, 6)
	ends := MatMul{Bias: true, Residual: true}
	wantRefused(t, []badShape{
		{MatMul{}, []Tensor{a}, "1 inputs, want 2"},
		{MatMul{}, []Tensor{Half(2, 3, 4, 6), Float(1, 1, 8, 5)}, "input 0 is f16 2x3x4x6, want f32"},
		{MatMul{Act: activations}, []Tensor{a, Float(1, 1, 8, 5)}, "activation 6, want one below 6"},
		{MatMul{}, []Tensor{a, Float(1, 1, 7, 5)}, "second factor 1x1x7x5 has 7 rows, want 6"},
		{MatMul{}, []Tensor{a, Float(3, 1, 6, 5)}, "second factor 3x1x6x5, want 1 or 2 matrices"},
		{MatMul{}, []Tensor{a, Float(1, 2, 6, 5)}, "second factor 1x2x6x5, want 1 or 2 matrices"},
		{MatMul{TransposeB: true}, []Tensor{a, Float(1, 1, 5, 8)}, "second factor 1x1x5x8 has 8 columns, want 6"},
		{ends, []Tensor{a, Float(1, 1, 6, 5), Float(1, 1, 5, 1), Float(2, 3, 4, 5)}, "bias is 1x1x5x1, want 1x1x1x5"},
		{ends, []Tensor{a, Float(1, 1, 6, 5), Float(1, 1, 1, 5), Float(2, 4, 3, 5)}, "residual is 2x4x3x5, want 2x3x4x5"},
		{MatMul{}, []Tensor{Float(1, 1<<12, 1<<12, 1), Float(1, 1, 1, 128)}, "is not below 2^31 values"},
	})
}

// TestContractionsTooLarge checks that more workgroups than a grid holds are refused.
func TestContractionsTooLarge(t *testing.T) {
	target := DefaultTarget()
	target.Groups = 3
	size := [3]int{1, 100, 100}
	conv := func(groups int) Case {
		return Conv2D{Stride: [2]int{1, 1}, Groups: groups}.conv(size, [2]int{3, 3}, [2]int{8, 8}, F32)
	}
	for _, c := range []Case{conv(1), conv(2), conv(8), MatMul{}.multiply(1, 100, 100, 4, 1, 4, true, F32)} {
		out, err := c.Op.Infer(c.In)
		if err != nil {
			t.Fatal(err)
		}
		for _, cpu := range []bool{false, true} {
			target.CPU = cpu
			if _, err := c.Op.Record(target, c.In, out); !errors.Is(err, ErrLimit) {
				t.Errorf("%+v, cpu %t: got %v, want a limit error", c.Op, cpu, err)
			}
		}
	}
}
