package kernels

// Gradients of operations that move values or average them are operations of the
// same kind.

// Gradient orders the axes back.
func (o Permute) Gradient(t Tape, a Applied) ([]Ref, error) {
	var back Permute
	for i, axis := range o.Order {
		back.Order[axis] = i
	}
	return []Ref{apply(t, back, a.DOut[0])}, nil
}

// Gradient takes the parts out.
func (o Concat) Gradient(t Tape, a Applied) ([]Ref, error) {
	grads, first := make([]Ref, len(a.In)), 0
	for i, x := range a.In {
		c := t.Tensor(x).Shape[3]
		if a.Need[i] {
			grads[i] = apply(t, Slice{3, first, c}, a.DOut[0])
		}
		first += c
	}
	return grads, nil
}

// Gradient of a sum or mean repeats it.
func (o Reduce) Gradient(t Tape, a Applied) ([]Ref, error) {
	if o.Op != Sum && o.Op != Mean {
		return nil, noGradient("%v", o.Op)
	}
	x, y := t.Tensor(a.In[0]).Shape, t.Tensor(a.Out[0]).Shape
	scale := float32(1)
	if o.Op == Mean {
		scale = float32(float64(y.Elems()) / float64(x.Elems()))
	}
	return []Ref{apply(t, Repeat{x, scale}, a.DOut[0])}, nil
}

// Gradient of an average over windows side by side repeats it over the window.
// Other windows and the maximum have none.
func (o Pool) Gradient(t Tape, a Applied) ([]Ref, error) {
	x, y := t.Tensor(a.In[0]).Shape, t.Tensor(a.Out[0]).Shape
	if o.Kind != PoolAvg || o.Window != o.Stride || o.Pad != [4]int{} ||
		x[1] != y[1]*o.Window[0] || x[2] != y[2]*o.Window[1] {
		return nil, noGradient("%v pool %v with stride %v and pad %v over %v, want averages of windows that fill it", o.Kind, o.Window, o.Stride, o.Pad, x)
	}
	d := apply(t, Resize{Mode: Nearest, H: x[1], W: x[2]}, a.DOut[0])
	return []Ref{scaled(t, d, 1/float32(o.Window[0]*o.Window[1]))}, nil
}

// Gradient of a repetition of whole pixels adds them up. Other resizing has none.
func (o Resize) Gradient(t Tape, a Applied) ([]Ref, error) {
	x := t.Tensor(a.In[0]).Shape
	window := [2]int{o.H / x[1], o.W / x[2]}
	if o.Mode != Nearest || o.H != window[0]*x[1] || o.W != window[1]*x[2] {
		return nil, noGradient("%v resize of %v to %dx%d, want nearest by whole factors", o.Mode, x, o.H, o.W)
	}
	mean := apply(t, Pool{Kind: PoolAvg, Window: window, Stride: window}, a.DOut[0])
	return []Ref{scaled(t, mean, float32(window[0]*window[1]))}, nil
}
