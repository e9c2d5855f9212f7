package kernels

import (
	"errors"
	"math"
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
