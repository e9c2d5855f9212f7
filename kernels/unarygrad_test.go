package kernels

import "testing"

func TestUnaryGrad(t *testing.T) {
	x, dy := array(1, 1, 1, 4, -1, 0, 3, 7), array(1, 1, 1, 4, 2)
	wantClose(t, reference(t, UnaryGrad{ReLU}, x, dy), array(1, 1, 1, 4, 0, 0, 2, 2), 0)
	wantClose(t, reference(t, UnaryGrad{ReLU6}, x, dy), array(1, 1, 1, 4, 0, 0, 2, 0), 0)
	wantClose(t, reference(t, UnaryGrad{Sigmoid}, array(1, 1, 1, 1, 0), array(1, 1, 1, 1, 2)), array(1, 1, 1, 1, 0.5), 0)
}

func TestUnaryGradRefuses(t *testing.T) {
	wantRefused(t, []badShape{
		{UnaryGrad{activations}, nil, "activation 6"},
		{UnaryGrad{SiLU}, []Tensor{Float(1, 2, 1, 4), Float(1, 1, 2, 4)}, "gradient is f32 1x1x2x4"},
	})
}
