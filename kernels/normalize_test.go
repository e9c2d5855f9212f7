package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// TestNormInParts checks that the moments of the sources, the coefficients and the map are
// the group norm, whose reference has PyTorch's goldens, and that a convolution which does
// them as it reads is one of what they give.
func TestNormInParts(t *testing.T) {
	i := slices.IndexFunc(Table(), func(e Entry) bool { return e.Name == "groupnorm" })
	for _, c := range Table()[i].Cases {
		o, ok := c.Op.(GroupNorm)
		if !ok || c.Bench {
			continue
		}
		in := c.Inputs(1)
		want, err := c.Outputs(in)
		if err != nil {
			t.Fatal(err)
		}
		n, s := o.affine(), in[0].Shape
		var moments []*Array
		for _, x := range in[:n] {
			moments = append(moments, one(t, Moments{}, x))
		}
		coef := one(t, GroupNormCoef{Norm: o, Pixels: s[1] * s[2]}, append(moments, in[n:]...)...)
		last := Normalize{Act: o.Act, Two: o.Two}
		got := one(t, last, append(slices.Clone(in[:n]), coef)...)
		near(t, c.Name, got, want[0])

		weight := NewArray(Float(3, 3, pad4(got.Shape[3]), 5))
		for i := range weight.Shape.Pixels() {
			for k := range weight.Row(i) {
				weight.Row(i)[k] = math.Sin(float64(7*i + k))
			}
		}
		for _, up := range []bool{false, true} {
			bare := Conv2D{Stride: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}}
			read, source := Op(bare), got
			if up {
				read, _ = bare.WithUp()
				source = one(t, Resize{Mode: Nearest, H: 2 * s[1], W: 2 * s[2]}, got)
			}
			whole := one(t, bare, source, weight)
			merged, ok := read.(Loader).WithNorm(last, []Tensor{got.Tensor, weight.Tensor})
			if can := o.Act == Identity || o.Act == SiLU; ok != can {
				t.Errorf("%s: a convolution holds activation %v: %t", c.Name, o.Act, ok)
			}
			if ok {
				near(t, fmt.Sprintf("%s, read by a convolution, doubled %t", c.Name, up), one(t, merged, append(slices.Clone(in[:n]), coef, weight)...), whole)
			}
		}
		if s[1]%2+s[2]%2 == 0 {
			last.Halve = true
			near(t, c.Name+", halved", one(t, last, append(slices.Clone(in[:n]), coef)...), one(t, Halve, got))
		}
	}
}

// one is the only output of op.
func one(t *testing.T, op Op, in ...*Array) *Array {
	t.Helper()
	tensors := make([]Tensor, len(in))
	for i, a := range in {
		tensors[i] = a.Tensor
	}
	outs, err := op.Infer(tensors)
	if err != nil {
		t.Fatalf("%s: %v", op.Name(), err)
	}
	y := NewArray(outs[0])
	op.Reference(in, []*Array{y})
	return y
}

func near(t *testing.T, what string, got, want *Array) {
	t.Helper()
	if got.Tensor != want.Tensor {
		t.Errorf("%s: %v, want %v", what, got.Tensor, want.Tensor)
		return
	}
	most := 0.0
	for _, v := range want.Data {
		most = max(most, math.Abs(v))
	}
	for i, v := range got.Data {
		if math.Abs(v-want.Data[i]) > 1e-9*most {
			t.Errorf("%s: value %d is %v, want %v", what, i, v, want.Data[i])
			return
		}
	}
}

// TestWithNormRefuses lists what a convolution cannot do as it reads.
func TestWithNormRefuses(t *testing.T) {
	in := []Tensor{Float(1, 4, 4, 8), Float(3, 3, 8, 8)}
	many := []Tensor{in[0], Float(3, 3, 8, 9)}
	conv := Conv2D{Stride: [2]int{1, 1}}
	silu := Normalize{Act: SiLU}
	for _, c := range []struct {
		name string
		op   Loader
		norm Normalize
		in   []Tensor
		ok   bool
	}{
		{"8 channels", conv, silu, in, true},
		{"9 channels, which read each value for three vectors", conv, silu, many, false},
		{"9 channels in tiles", Winograd{Tile: 4}, silu, many, true},
		{"gelu", conv, Normalize{Act: GELU}, in, false},
		{"halved", Winograd{Tile: 4}, Normalize{Act: SiLU, Halve: true}, in, false},
		{"two sources", Conv2D{Two: true}, silu, in, false},
		{"two sources in tiles", Winograd{Tile: 4, Two: true}, silu, in, false},
		{"groups", Conv2D{Groups: 2}, silu, in, false},
		{"a second norm", Conv2D{Load: Load{Norm: true}}, silu, in, false},
	} {
		if _, ok := c.op.WithNorm(c.norm, c.in); ok != c.ok {
			t.Errorf("%s: %t, want %t", c.name, ok, c.ok)
		}
	}
	for _, bad := range []struct {
		op Conv2D
		in []Tensor
	}{
		{Conv2D{Stride: [2]int{1, 1}, Load: Load{SiLU: true}}, in},
		{Conv2D{Stride: [2]int{1, 1}, Load: Load{Norm: true}}, []Tensor{in[0], Float(1, 1, 1, 12), in[1]}},
		{Conv2D{Stride: [2]int{1, 1}, Load: Load{Norm: true}}, in},
		{Conv2D{Stride: [2]int{1, 1}, Groups: 2, Load: Load{Up: true}}, []Tensor{in[0], Float(3, 3, 4, 8)}},
	} {
		if _, err := bad.op.Infer(bad.in); err == nil {
			t.Errorf("%+v of %v is accepted", bad.op, bad.in)
		}
	}
}
