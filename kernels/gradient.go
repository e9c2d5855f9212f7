package kernels

import (
	"errors"
	"fmt"
)

// ErrGradient is wrapped by the error about an operation, or a form of it, that
// has no gradient.
var ErrGradient = errors.New("no gradient")

// Ref is a value of the graph that a gradient is built in; 0 is none.
type Ref int

// Tape is the graph that a gradient adds its operations to. It keeps the first
// error; values that follow it are placeholders.
type Tape interface {
	Tensor(v Ref) Tensor
	// View is v with another shape over the same stored values.
	View(v Ref, s Shape) Ref
	// Apply adds an operation with n outputs.
	Apply(op Op, n int, in ...Ref) []Ref
}

// Applied is an operation in its graph with the gradients of its outputs.
type Applied struct {
	In, Out []Ref
	DOut    []Ref  // 0 where the loss does not depend on the output
	Need    []bool // the inputs whose gradients are wanted
}

// Differentiable is an operation that knows its gradient.
type Differentiable interface {
	Op
	// Gradient returns the gradients of the loss by the inputs that are needed, 0
	// where it does not depend on one. Errors wrap ErrGradient.
	Gradient(t Tape, a Applied) ([]Ref, error)
}

// Fused is an operation with an epilogue, y = act(bare(in)) + residual with the
// residual as the last input. A graph is differentiated in the parts.
type Fused interface {
	Differentiable
	// Split returns the operation without activation and residual, and what it had.
	Split() (bare Op, act Activation, residual bool)
}

// InPlace is an operation whose outputs can take the place of its first inputs.
type InPlace interface {
	Op
	// RecordInPlace is Record with output i written over input i.
	RecordInPlace(t Target, in []Tensor) (Record, error)
}

// apply adds an operation with one output.
func apply(t Tape, op Op, in ...Ref) Ref { return t.Apply(op, 1, in...)[0] }

// sumTo adds up the places of v that a value of shape s repeats to.
func sumTo(t Tape, v Ref, s Shape) Ref {
	if x := t.Tensor(v).Shape; s[3] == 1 && x[3] > 1 {
		v = apply(t, Reduce{Sum, Channel}, v)
	}
	if t.Tensor(v).Shape == s {
		return v
	}
	return apply(t, SumTo{s}, v)
}

// scaled is v times a constant.
func scaled(t Tape, v Ref, by float32) Ref {
	return apply(t, Repeat{Shape: t.Tensor(v).Shape, Scale: by}, v)
}

func times(t Tape, a, b Ref) Ref { return apply(t, Binary{Op: Mul}, a, b) }

func plus(t Tape, a, b Ref) Ref { return apply(t, Binary{Op: Add}, a, b) }

func noGradient(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrGradient}, args...)...)
}
