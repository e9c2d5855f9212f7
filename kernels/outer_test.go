package kernels

import "testing"

func TestOuter(t *testing.T) {
	a, b := array(1, 1, 2, 2, 1, 2, 3, 4), array(1, 1, 2, 1, 10, 100)
	wantClose(t, reference(t, Outer{Scale: 2}, a, b), array(1, 1, 2, 1, 2*(10+300), 2*(20+400)), 0)
}

func TestOuterRefuses(t *testing.T) {
	wantRefused(t, []badShape{
		{Outer{}, []Tensor{Float(1, 1, 2, 2)}, "1 inputs, want 2"},
		{Outer{}, []Tensor{Float(1, 1, 2, 2), Float(1, 2, 1, 2)}, "second factor 1x2x1x2, want the pixels of 1x1x2x2"},
	})
}
