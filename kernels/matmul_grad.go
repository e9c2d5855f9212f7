package kernels

// Split leaves the bias: its gradient needs no value before it.
func (o MatMul) Split() (Op, Activation, bool) {
	act, residual := o.Act, o.Residual
	o.Act, o.Residual = Identity, false
	return o, act, residual
}

func (o MatMul) Gradient(t Tape, a Applied) ([]Ref, error) {
	if b := t.Tensor(a.In[1]); b.Type != F32 {
		return nil, noGradient("second factor %v, want f32", b)
	}
	grads := make([]Ref, len(a.In))
	if a.Need[0] {
		grads[0] = o.firstGradient(t, a.DOut[0], a.In[1], t.Tensor(a.In[0]).Shape)
	}
	if a.Need[1] {
		grads[1] = o.secondGradient(t, a.DOut[0], a.In[0], t.Tensor(a.In[1]).Shape)
	}
	if o.Bias && a.Need[2] {
		grads[2] = sumTo(t, a.DOut[0], t.Tensor(a.In[2]).Shape)
	}
	return grads, nil
}

// firstGradient is Scale dy b^T, of shape s.
func (o MatMul) firstGradient(t Tape, dy, b Ref, s Shape) Ref {
	back := MatMul{Scale: o.Scale}
	if !o.TransposeB {
		m := t.Tensor(b).Shape
		if m[0] == 1 {
			return apply(t, back, dy, apply(t, ConvFlip{Channels: s[3]}, b))
		}
		b = apply(t, Permute{[4]int{0, 1, 3, 2}}, b)
		if m[2] != s[3] { // rows for the padding of a
			b = apply(t, Slice{3, 0, s[3]}, b)
		}
	}
	return apply(t, back, dy, b)
}

// secondGradient is Scale a^T dy, transposed with TransposeB, of shape s.
func (o MatMul) secondGradient(t Tape, dy, x Ref, s Shape) Ref {
	if o.TransposeB {
		dy, x = x, dy
	}
	rows := func(v Ref) Ref {
		e := t.Tensor(v).Shape
		return t.View(v, Shape{s[0], 1, e.Pixels() / s[0], e[3]})
	}
	dy, x = rows(dy), rows(x)
	var d Ref
	if s[0] == 1 {
		d = apply(t, ConvWeight{Kernel: [2]int{1, 1}, Stride: [2]int{1, 1}}, x, dy)
		if o.scale() != 1 {
			d = scaled(t, d, o.scale())
		}
	} else {
		d = apply(t, Outer{o.Scale}, x, dy)
	}
	switch e := t.Tensor(d).Shape; {
	case e[2] > s[2]:
		d = apply(t, Slice{2, 0, s[2]}, d)
	case e[2] < s[2]:
		d = apply(t, Place{2, 0, s[2]}, d)
	}
	return d
}
