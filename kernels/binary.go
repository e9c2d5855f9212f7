package kernels

import (
	"fmt"
	"math/rand/v2"

	"github.com/drdc-dev/drdc/shaders"
)

// BinaryOp is an operation on two values; the numbers are those of binary.wgsl.
type BinaryOp uint8

const (
	Add BinaryOp = iota
	Sub
	Mul
	Div
	Maximum
	Minimum
	binaryOps
)

func (o BinaryOp) String() string {
	return [...]string{"add", "sub", "mul", "div", "maximum", "minimum"}[o]
}

// apply is the operation in float64.
func (o BinaryOp) apply(a, b float64) float64 {
	switch o {
	case Sub:
		return a - b
	case Mul:
		return a * b
	case Div:
		return a / b
	case Maximum:
		return max(a, b)
	case Minimum:
		return min(a, b)
	}
	return a + b
}

// Binary is y = act(a op b), element by element. The inputs are a and b
// [N, H, W, C]; an extent of 1 of either is repeated to the other's.
type Binary struct {
	Op  BinaryOp
	Act Activation
}

func (o Binary) Name() string { return "binary" }

func (o Binary) Infer(in []Tensor) ([]Tensor, error) {
	if o.Op >= binaryOps || o.Act >= activations {
		return nil, fmt.Errorf("%w: operation %d, activation %d, want below %d and %d", ErrShape, o.Op, o.Act, binaryOps, activations)
	}
	if err := want(in, F32, F32); err != nil {
		return nil, err
	}
	y, err := broadcast(in[0].Shape, in[1].Shape)
	if err != nil {
		return nil, err
	}
	if !y.valid() {
		return nil, fmt.Errorf("%w: output %v is not below 2^31 values", ErrShape, y)
	}
	return []Tensor{{y, F32}}, nil
}

func (o Binary) Record(t Target, in, out []Tensor) (Record, error) {
	s := out[0].Shape
	a, b := repeat(in[0].Shape, s), repeat(in[1].Shape, s)
	same := 0
	if in[0] == in[1] {
		same = 1
	}
	return single(t, Dispatch{
		Shader: "binary.wgsl",
		Set:    []shaders.Setting{shaders.Int("OP", int(o.Op)), shaders.Int("SAME", same), shaders.Int("ACT", int(o.Act))},
		Uniform: binaryParams{
			uint32(s.Vectors()), uint32(s.C4()), uint32(s[3]), uint32(s[1]), uint32(s[2]),
			a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3],
		},
	}, 2, 1, s.Vectors(), 64)
}

type binaryParams struct{ Vectors, C4, Channels, H, W, AN, AH, AW, AC, BN, BH, BW, BC uint32 }

func (o Binary) Reference(in, out []*Array) {
	eachElem(out[0].Shape, func(n, h, w, c int) {
		out[0].Set(n, h, w, c, o.Act.apply(o.Op.apply(in[0].repeated(n, h, w, c), in[1].repeated(n, h, w, c))))
	})
}

// WithBias is refused: a bias is itself a Binary.
func (o Binary) WithBias() (Op, bool) { return nil, false }

// WithActivation takes the activation, once.
func (o Binary) WithActivation(a Activation) (Op, bool) {
	if o.Act != Identity {
		return nil, false
	}
	o.Act = a
	return o, true
}

// WithResidual is refused: a residual is itself a Binary.
func (o Binary) WithResidual() (Op, bool) { return nil, false }

func init() {
	e := Entry{Name: "binary", Class: Elementwise, Files: []string{"binary.wgsl"}}
	for op := Add; op < binaryOps; op++ {
		e.Cases = append(e.Cases, Case{Name: op.String(), Op: Binary{Op: op}, In: []Tensor{Float(2, 5, 3, 7), Float(2, 5, 3, 7)}})
	}
	for a := Identity + 1; a < activations; a++ {
		e.Cases = append(e.Cases, Case{Name: "add, " + a.String(), Op: Binary{Add, a}, In: []Tensor{Float(2, 5, 3, 7), Float(1, 1, 1, 7)}})
	}
	e.Cases = append(e.Cases,
		Case{Name: "one pixel", Op: Binary{Op: Sub}, In: []Tensor{Float(1, 1, 1, 1), Float(1, 1, 1, 1)}},
		Case{Name: "one image", Op: Binary{Op: Sub}, In: []Tensor{Float(3, 4, 5, 6), Float(1, 4, 5, 6)}},
		Case{Name: "one row", Op: Binary{Op: Add}, In: []Tensor{Float(3, 4, 5, 6), Float(3, 1, 5, 6)}},
		Case{Name: "one column", Op: Binary{Op: Add}, In: []Tensor{Float(3, 4, 5, 6), Float(3, 4, 1, 6)}},
		Case{Name: "one channel", Op: Binary{Op: Div}, In: []Tensor{Float(3, 4, 5, 7), Float(3, 4, 5, 1)}},
		Case{Name: "one value", Op: Binary{Op: Div}, In: []Tensor{Float(3, 4, 5, 7), Float(1, 1, 1, 1)}},
		Case{Name: "first repeated", Op: Binary{Op: Sub}, In: []Tensor{Float(1, 1, 1, 1), Float(3, 4, 5, 7)}},
		Case{Name: "outer", Op: Binary{Op: Mul}, In: []Tensor{Float(1, 9, 1, 5), Float(2, 1, 7, 1)}},
		Case{Name: "residual 224x224x64", Op: Binary{Op: Add}, In: []Tensor{Float(1, 224, 224, 64), Float(1, 224, 224, 64)}, Bench: true},
		Case{Name: "squeeze-excite 14x14x672", Op: Binary{Op: Mul}, In: []Tensor{Float(1, 14, 14, 672), Float(1, 1, 1, 672)}, Bench: true},
		Case{Name: "positions 196x272", Op: Binary{Op: Add}, In: []Tensor{Float(1, 14, 14, 272), Float(1, 14, 14, 272)}})
	e.Random = func(r *rand.Rand) Case {
		y := Shape{extent(r, 4), extent(r, 40), extent(r, 40), extent(r, 70)}
		a, b := y, y
		for i := range y {
			switch r.IntN(4) {
			case 0:
				a[i] = 1
			case 1:
				b[i] = 1
			}
		}
		return Case{Op: Binary{BinaryOp(r.IntN(int(binaryOps))), Activation(r.IntN(int(activations)))}, In: []Tensor{{a, F32}, {b, F32}}}
	}
	register(e)
}
