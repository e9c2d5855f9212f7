package kernels

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

func TestAttentionGolden(t *testing.T) { goldenImages[Attention](t, "attention") }

// TestAttentionMask checks what PyTorch does not say: masked keys weigh exactly
// zero, and a query with none left gives zeros.
func TestAttentionMask(t *testing.T) {
	inf := math.Inf(-1)
	q := array(1, 1, 3, 4, 1, 2, 3, 4)
	v := array(1, 1, 2, 4, 1, 2, 3, 4, 50, 60, 70, 80)
	mask := array(1, 1, 3, 2, inf, inf, 0, -1e30, -1e30, 5)
	got := reference(t, Attention{Heads: 1, Mask: true}, q, v, v, mask)
	wantClose(t, got, array(1, 1, 3, 4, 0, 0, 0, 0, 1, 2, 3, 4, 50, 60, 70, 80), 0)
}

// TestAttentionNeighbours counts the masked pairs of the neighbour case: 7,396
// of 38,416 (method 2.3).
func TestAttentionNeighbours(t *testing.T) {
	for _, e := range Table() {
		for _, c := range e.Cases {
			if e.Name != "attention" || c.Name != "neighbour mask 196 tokens, 8 heads of 32" {
				continue
			}
			masked := 0
			for _, v := range c.Inputs(1)[3].Data {
				if math.IsInf(v, -1) {
					masked++
				}
			}
			if masked != 7396 {
				t.Errorf("%d masked pairs, want 7396", masked)
			}
			return
		}
	}
	t.Error("the case is gone")
}

func TestAttentionRefuses(t *testing.T) {
	q, k := Float(2, 3, 5, 24), Float(2, 1, 7, 24)
	mask := Float(1, 1, 15, 7)
	heads := []badShape{
		{Attention{Heads: 0}, []Tensor{q, k, k}, "24 channels are not 1 x 0 heads"},
		{Attention{Heads: 5}, []Tensor{q, k, k}, "24 channels are not 1 x 5 heads"},
		{Attention{Heads: 4}, []Tensor{q, k, k}, "head dimension: 6, want a multiple of 4"},
		{Attention{Heads: 1}, []Tensor{Float(1, 1, 1, 260), Float(1, 1, 1, 260), Float(1, 1, 1, 260)}, "260, want a multiple of 4 up to 256"},
		{Attention{Heads: 2, Order: New}, []Tensor{Float(1, 1, 1, 16)}, "16 channels are not 3 x 2 heads"},
	}
	wantRefused(t, heads)
	for _, r := range heads {
		if _, err := r.op.Infer(r.in); !errors.Is(err, ErrHeadDim) {
			t.Errorf("%+v: %v does not wrap ErrHeadDim", r.op, err)
		}
	}
	wantRefused(t, []badShape{
		{Attention{Heads: 2, Order: 3}, []Tensor{q, k, k}, "order 3"},
		{Attention{Heads: 2, Order: Legacy}, []Tensor{q, k, k}, "3 inputs, want 1"},
		{Attention{Heads: 2}, []Tensor{q, k, k, mask}, "4 inputs, want 3"},
		{Attention{Heads: 2, Scale: float32(math.NaN())}, []Tensor{q, k, k}, "scale NaN"},
		{Attention{Heads: 2}, []Tensor{q, k, Float(2, 1, 6, 24)}, "keys 2x1x7x24 and values 2x1x6x24"},
		{Attention{Heads: 2}, []Tensor{q, Float(1, 1, 7, 24), Float(1, 1, 7, 24)}, "want both [2, h, w, 24]"},
		{Attention{Heads: 2, Mask: true}, []Tensor{q, k, k, Float(1, 1, 7, 15)}, "mask 1x1x7x15, want 1x1x15x7"},
	})
}

// Dropout of the weights is that of the matrix that attention never stores.
func TestAttentionDropout(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	normal := func(h, w int) *Array {
		a := NewArray(Float(2, h, w, 8))
		for i := range a.Data {
			a.Data[i] = r.NormFloat64()
		}
		return a
	}
	q, k, v := normal(2, 3), normal(1, 7), normal(1, 7)
	key := NewArray(Uint(1, 1, 1, 4))
	copy(key.Data, []float64{1, 2, 3, 4})
	drop := Dropout{P: 0.3, Stream: 5}
	got := reference(t, Attention{Heads: 1, Drop: drop}, q, k, v, key)
	weights := reference(t, Softmax{}, reference(t, MatMul{TransposeB: true, Scale: float32(1 / math.Sqrt(8))}, q, k))
	weights.Shape = Shape{2, 1, 6, 7} // one head: its queries in rows
	dropped := reference(t, drop, weights, key)
	zeros := 0
	for i := range dropped.Shape.Pixels() {
		for _, w := range dropped.Row(i) {
			if w == 0 {
				zeros++
			}
		}
	}
	if zeros < 10 || zeros > 40 {
		t.Errorf("%d of 84 weights are dropped, want about a third", zeros)
	}
	dropped.Shape = Shape{2, 2, 3, 7}
	wantClose(t, got, reference(t, MatMul{}, dropped, v), 1e-7) // the scale is an f32
}
