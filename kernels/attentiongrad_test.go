package kernels

import "testing"

// With one key its weight is 1: the gradient of the output is that of the value, and
// queries and keys have none.
func TestAttentionGrad(t *testing.T) {
	q, kv, dy := array(1, 1, 2, 4, 1, -2, 3, 0.5), array(1, 1, 1, 4, 2, 1, 0, -1), array(1, 1, 2, 4, 1, 2, 3, 4, 5, 6, 7, 8)
	op := AttentionGrad{Attention{Heads: 1}}
	c := Case{Op: op, In: []Tensor{q.Tensor, kv.Tensor, kv.Tensor, q.Tensor, q.Tensor}}
	o := NewArray(q.Tensor)
	Attention{Heads: 1}.Reference([]*Array{q, kv, kv}, []*Array{o})
	out, err := c.Outputs([]*Array{q, kv, kv, o, dy})
	if err != nil {
		t.Fatal(err)
	}
	wantClose(t, out[0], NewArray(q.Tensor), 0)
	wantClose(t, out[1], NewArray(kv.Tensor), 0)
	wantClose(t, out[2], array(1, 1, 1, 4, 6, 8, 10, 12), 0)
}

func TestAttentionGradRefuses(t *testing.T) {
	x, y := Float(1, 2, 3, 24), Float(1, 2, 3, 8)
	op := AttentionGrad{Attention{Heads: 2, Order: Legacy}}
	wantRefused(t, []badShape{
		{op, []Tensor{x}, "1 inputs"},
		{op, []Tensor{x, y, x}, "output f32 1x2x3x8 and gradient f32 1x2x3x24"},
		{AttentionGrad{Attention{Heads: 3, Order: Legacy}}, []Tensor{x, y, y}, "not 3 x 3 heads"},
	})
}
