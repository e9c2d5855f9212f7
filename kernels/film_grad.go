package kernels

func (o FiLM) Gradient(t Tape, a Applied) ([]Ref, error) {
	dy, x, film := a.DOut[0], a.In[0], t.Tensor(a.In[1]).Shape
	c := t.Tensor(x).Shape[3]
	var grads [2]Ref
	if a.Need[0] {
		grads[0] = plus(t, dy, times(t, dy, apply(t, Slice{3, 0, c}, a.In[1])))
	}
	if a.Need[1] {
		s := film
		s[3] = c
		grads[1] = apply(t, Concat{}, sumTo(t, times(t, dy, x), s), sumTo(t, dy, s))
	}
	return grads[:], nil
}
