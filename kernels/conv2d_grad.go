package kernels

// Split leaves the bias: its gradient needs no value before it.
func (o Conv2D) Split() (Op, Activation, bool) {
	act, residual := o.Act, o.Residual
	o.Act, o.Residual = Identity, false
	return o, act, residual
}

// Gradient by an input is a convolution of dy, with zeros between its pixels for a
// stride, with the flipped weight. It refuses groups of more than a channel.
func (o Conv2D) Gradient(t Tape, a Applied) ([]Ref, error) {
	dy, iw := a.DOut[0], o.weight()
	w := t.Tensor(a.In[iw])
	if w.Type != F32 {
		return nil, noGradient("weight %v, want f32", w)
	}
	depthwise := o.depthwise(t.Tensor(a.In[0]).Shape, w.Shape)
	if o.groups() > 1 && !depthwise {
		return nil, noGradient("convolution in %d groups", o.Groups)
	}
	grads, first := make([]Ref, len(a.In)), 0
	for i, x := range a.In[:iw] {
		s := t.Tensor(x).Shape
		if a.Need[i] {
			grads[i] = o.inputGradient(t, dy, a.In[iw], first, s)
		}
		first += pad4(s[3])
	}
	switch {
	case !a.Need[iw]:
	case depthwise:
		grads[iw] = apply(t, DepthwiseWeight{Kernel: [2]int{w.Shape[0], w.Shape[1]}, Stride: o.Stride, Pad: o.Pad}, a.In[0], dy)
	default:
		op := ConvWeight{Kernel: [2]int{w.Shape[0], w.Shape[1]}, Stride: o.Stride, Pad: o.Pad, Two: o.Two}
		if v, ok := o.Tiled(t.Tensor(a.In[0]).Shape, w).(Winograd); ok {
			op.Tile = v.Tile
		}
		grads[iw] = apply(t, op, append(a.In[:iw:iw], dy)...)
	}
	if o.Bias && a.Need[iw+1] {
		grads[iw+1] = sumTo(t, dy, t.Tensor(a.In[iw+1]).Shape)
	}
	return grads, nil
}

// inputGradient is the gradient by the source of shape x, whose channels meet the
// rows of w from first on.
func (o Conv2D) inputGradient(t Tape, dy, w Ref, first int, x Shape) Ref {
	kernel := t.Tensor(w).Shape
	if o.Stride != [2]int{1, 1} {
		dy = apply(t, Dilate{o.Stride}, dy)
	}
	back, y := Conv2D{Stride: [2]int{1, 1}, Groups: o.Groups}, t.Tensor(dy).Shape
	for i := range 2 {
		back.Pad[i] = kernel[i] - 1 - o.Pad[i]
		back.Pad[2+i] = x[1+i] - y[1+i] + o.Pad[i]
	}
	w = apply(t, ConvFlip{First: first, Channels: x[3], Depthwise: o.groups() > 1}, w)
	return apply(t, back.Tiled(y, t.Tensor(w)), dy, w)
}
