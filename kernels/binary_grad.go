package kernels

// Split takes the activation off.
func (o Binary) Split() (Op, Activation, bool) {
	act := o.Act
	o.Act = Identity
	return o, act, false
}

// Gradient adds up over what was repeated. Maximum and minimum have none.
func (o Binary) Gradient(t Tape, a Applied) ([]Ref, error) {
	dy, u, v := a.DOut[0], a.In[0], a.In[1]
	var du, dv Ref
	switch o.Op {
	case Add:
		du, dv = dy, dy
	case Sub:
		du = dy
		if a.Need[1] {
			dv = scaled(t, dy, -1)
		}
	case Mul:
		if a.Need[0] {
			du = times(t, dy, v)
		}
		if a.Need[1] {
			dv = times(t, dy, u)
		}
	case Div: // d(u/v) = du/v - (u/v) dv/v
		du = apply(t, Binary{Op: Div}, dy, v)
		if a.Need[1] {
			dv = scaled(t, times(t, du, a.Out[0]), -1)
		}
	default:
		return nil, noGradient("%v", o.Op)
	}
	grads := []Ref{du, dv}
	for i, g := range grads {
		if grads[i] = 0; a.Need[i] {
			grads[i] = sumTo(t, g, t.Tensor(a.In[i]).Shape)
		}
	}
	return grads, nil
}
