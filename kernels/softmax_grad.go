package kernels

// Gradient has none by the mask.
func (o Softmax) Gradient(t Tape, a Applied) ([]Ref, error) {
	if o.Mask && a.Need[1] {
		return nil, noGradient("mask of a softmax")
	}
	return append([]Ref{apply(t, SoftmaxGrad{}, a.Out[0], a.DOut[0])}, make([]Ref, len(a.In)-1)...), nil
}
