package kernels

func (o Softmax) Gradient(t Tape, a Applied) ([]Ref, error) {
	return []Ref{apply(t, SoftmaxGrad{}, a.Out[0], a.DOut[0])}, nil
}
