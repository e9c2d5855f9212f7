package kernels

// Gradient is y (dy - sum_c y_c dy_c).
func (o Softmax) Gradient(t Tape, a Applied) ([]Ref, error) {
	y, dy := a.Out[0], a.DOut[0]
	mean := apply(t, Reduce{Sum, Channel}, times(t, y, dy))
	return []Ref{times(t, y, apply(t, Binary{Op: Sub}, dy, mean))}, nil
}
