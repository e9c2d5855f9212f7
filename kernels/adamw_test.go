package kernels

import "testing"

// The first step of Adam moves by lr whatever the gradient's size; the clip and the
// decay are worked out by hand.
func TestAdamW(t *testing.T) {
	settings := array(1, 1, 1, 10, 0.1, 0.9, 0.99, 1e-12, 0.5, 0.1, 0.01, 0, 0.75, 0.25)
	one := func(v float64) *Array { return array(1, 1, 1, 1, v) }
	wantClose(t, reference(t, AdamW{}, one(2), one(0), one(0), one(-3), one(9), settings), one(2*(1-0.05)+0.1), 1e-24)
	states := []*Array{one(0), one(0), one(0), one(0)}
	AdamW{Average: true}.Reference([]*Array{one(2), one(0), one(0), one(8), one(-3), one(9), settings}, states)
	wantClose(t, states[3], one(0.75*8+0.25*2), 1e-24) // the parameter comes out as 2
	settings.Row(0)[7] = 1.5                           // halves the gradient: the first moment shows it
	in := []*Array{one(2), one(0), one(0), one(-3), one(9), settings}
	out := []*Array{one(0), one(0), one(0)}
	AdamW{}.Reference(in, out)
	wantClose(t, out[1], one(0.1*-1.5), 1e-12) // 1e-6 is added to the norm
}

func TestAdamWRefuses(t *testing.T) {
	x, one, settings := Float(1, 1, 2, 4), Float(1, 1, 1, 1), Float(1, 1, 1, 10)
	wantRefused(t, []badShape{
		{AdamW{}, []Tensor{x, x, x, x, one}, "5 inputs, want 6"},
		{AdamW{}, []Tensor{x, x, one, x, one, settings}, "state or gradient 2 is f32 1x1x1x1"},
		{AdamW{}, []Tensor{x, x, x, x, one, one}, "settings 1x1x1x1"},
		{AdamW{Average: true}, []Tensor{x, x, x, x, one, settings}, "6 inputs, want 7"},
	})
}
