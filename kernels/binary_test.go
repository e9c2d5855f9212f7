package kernels

import "testing"

func TestBinary(t *testing.T) {
	a := array(1, 2, 1, 2, 1, 2, 3, 4)
	for _, r := range []struct {
		op   Binary
		b    *Array
		want *Array
	}{
		{Binary{Op: Add}, array(1, 2, 1, 2, 10, 20, 30, 40), array(1, 2, 1, 2, 11, 22, 33, 44)},
		{Binary{Op: Sub}, array(1, 1, 1, 2, 2, 1), array(1, 2, 1, 2, -1, 1, 1, 3)},
		{Binary{Op: Sub, Act: ReLU}, array(1, 1, 1, 2, 2, 1), array(1, 2, 1, 2, 0, 1, 1, 3)},
		{Binary{Op: Mul}, array(1, 2, 1, 1, 2, 3), array(1, 2, 1, 2, 2, 4, 9, 12)},
		{Binary{Op: Div}, array(1, 1, 1, 1, 2), array(1, 2, 1, 2, 0.5, 1, 1.5, 2)},
		{Binary{Op: Maximum}, array(1, 1, 1, 1, 2.5), array(1, 2, 1, 2, 2.5, 2.5, 3, 4)},
		{Binary{Op: Minimum}, array(1, 1, 1, 1, 2.5), array(1, 2, 1, 2, 1, 2, 2.5, 2.5)},
		{Binary{Op: Sub}, array(2, 1, 2, 1, 0, 1, 2, 3), array(2, 2, 2, 2, 1, 2, 0, 1, 3, 4, 2, 3, -1, 0, -2, -1, 1, 2, 0, 1)},
	} {
		wantClose(t, reference(t, r.op, a, r.b), r.want, 0)
	}
}

func TestBinaryRefuses(t *testing.T) {
	x := Float(2, 3, 4, 5)
	wantRefused(t, []badShape{
		{Binary{Op: binaryOps}, []Tensor{x, x}, "operation 6"},
		{Binary{Act: activations}, []Tensor{x, x}, "activation 6"},
		{Binary{}, []Tensor{x}, "1 inputs, want 2"},
		{Binary{}, []Tensor{x, Float(2, 3, 4, 4)}, "axis C is 4, want 1 or 5"},
		{Binary{}, []Tensor{Float(2, 2, 4, 5), x}, "axis H is 3, want 1 or 2"},
		{Binary{}, []Tensor{Float(1<<20, 1, 1, 1), Float(1, 1<<20, 1, 1)}, "not below 2^31"},
	})
}

func TestBinaryEpilogue(t *testing.T) {
	var e Epilogue = Binary{Op: Mul}
	op, ok := e.WithActivation(SiLU)
	if want := (Binary{Mul, SiLU}); !ok || op != want {
		t.Fatalf("got %+v, %t, want %+v", op, ok, want)
	}
	if op, ok := op.(Epilogue).WithActivation(ReLU); ok {
		t.Errorf("a second activation is taken: %+v", op)
	}
	if op, ok := e.WithBias(); ok {
		t.Errorf("a bias is taken: %+v", op)
	}
	if op, ok := e.WithResidual(); ok {
		t.Errorf("a residual is taken: %+v", op)
	}
}
