package kernels

import (
	"fmt"

	"github.com/drdc-dev/drdc/shaders"
)

// Load is what a convolution does to its sources as it reads them, so that the result
// is never stored: norm and activation, and then every pixel as two by two of the same
// value (interpolation to nearest).
type Load struct {
	Norm bool // y = (x - m)*a + b; the Coef of all sources is the input before w
	SiLU bool // of y
	Up   bool
}

// Loader is an operation with a Load. Each method returns the merged operation, or
// false when it cannot hold more.
type Loader interface {
	Op
	// WithNorm puts n before o, whose only source is n's result and whose inputs are in.
	// Those of n take its place: its sources, then the Coef.
	WithNorm(n Normalize, in []Tensor) (Op, bool)
	// WithUp doubles the only source of o by repetition.
	WithUp() (Op, bool)
}

// as is a source of shape x as it is read.
func (l Load) as(x Shape) Shape {
	if l.Up {
		x[1], x[2] = 2*x[1], 2*x[2]
	}
	return x
}

// inputs is how many of the inputs are not sources.
func (l Load) inputs() int {
	if l.Norm {
		return 1
	}
	return 0
}

func (l Load) check(in []Tensor, sources int) error {
	if l.SiLU && !l.Norm {
		return fmt.Errorf("%w: activation of sources without a norm", ErrShape)
	}
	if !l.Norm {
		return nil
	}
	if want := coefOf(in[:sources]); in[sources] != want {
		return fmt.Errorf("%w: coefficients are %v, want %v", ErrShape, in[sources], want)
	}
	return nil
}

// settings are those of source.wgsl.
func (l Load) settings() []shaders.Setting {
	return append(l.norms(), setting("UP", l.Up)...)
}

// norms are the settings but for UP.
func (l Load) norms() []shaders.Setting {
	return append(setting("NORM", l.Norm), setting("SILU", l.SiLU)...)
}

// setting is that of a constant which is off where nothing sets it.
func setting(name string, on bool) []shaders.Setting {
	if !on {
		return nil
	}
	return []shaders.Setting{shaders.Int(name, 1)}
}

// coef is the binding of the coefficients, input i, or what stands for them.
func (l Load) coef(rec *Record, i int) Operand {
	if l.Norm {
		return In(i)
	}
	return rec.absent()
}

// load computes the sources as they are read; in are they and, with Norm, the Coef.
func (l Load) load(in []*Array) []*Array {
	sources := in[:len(in)-l.inputs()]
	loaded, first4 := make([]*Array, len(sources)), 0
	for i, x := range sources {
		y := x
		if l.Norm {
			y = NewArray(x.Tensor)
			act := Identity
			if l.SiLU {
				act = SiLU
			}
			normalizeReference(act, x, in[len(sources)], first4, y, 0)
			first4 += x.Shape.C4()
		}
		if l.Up {
			small := y
			y = NewArray(Tensor{Shape: l.as(x.Shape)})
			Resize{Mode: Nearest, H: y.Shape[1], W: y.Shape[2]}.Reference([]*Array{small}, []*Array{y})
		}
		loaded[i] = y
	}
	return loaded
}

// with is l behind n, which it can hold or not.
func (l Load) with(n Normalize) (Load, bool) {
	ok := !l.Norm && !n.Halve && (n.Act == Identity || n.Act == SiLU)
	l.Norm, l.SiLU = true, n.Act == SiLU
	return l, ok
}
