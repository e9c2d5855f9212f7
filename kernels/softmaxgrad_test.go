package kernels

import "testing"

func TestSoftmaxGrad(t *testing.T) {
	y, dy := array(1, 1, 1, 2, 0.25, 0.75), array(1, 1, 1, 2, 8, 4)
	wantClose(t, reference(t, SoftmaxGrad{}, y, dy), array(1, 1, 1, 2, 0.25*(8-5), 0.75*(4-5)), 1e-15)
}

func TestSoftmaxGradRefuses(t *testing.T) {
	wantRefused(t, []badShape{
		{SoftmaxGrad{}, []Tensor{Float(1, 1, 1, 2)}, "1 inputs, want 2"},
		{SoftmaxGrad{}, []Tensor{Float(1, 1, 1, 2), Float(1, 1, 1, 3)}, "gradient is f32 1x1x1x3, want f32 1x1x1x2"},
	})
}
