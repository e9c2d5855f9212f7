package kernels

import "fmt"

// Shape is [N, H, W, C]: batch, rows, columns, channels.
type Shape [4]int

// C4 is the number of four-channel vectors that hold one pixel.
func (s Shape) C4() int { return (s[3] + 3) / 4 }

// Pixels is N*H*W.
func (s Shape) Pixels() int { return s[0] * s[1] * s[2] }

// Elems is the number of values without padding.
func (s Shape) Elems() int { return s.Pixels() * s[3] }

// Vectors is the number of vec4 that a tensor of the shape occupies.
func (s Shape) Vectors() int { return s.Pixels() * s.C4() }

// Padded is the number of stored values, padding lanes included.
func (s Shape) Padded() int { return s.Vectors() * 4 }

// Index is the place of (n, h, w, c) among the stored values.
func (s Shape) Index(n, h, w, c int) int {
	return ((n*s[1]+h)*s[2]+w)*s.C4()*4 + c
}

func (s Shape) String() string { return fmt.Sprintf("%dx%dx%dx%d", s[0], s[1], s[2], s[3]) }

// valid reports whether every extent is positive and the stored values can be
// counted in 31 bits.
func (s Shape) valid() bool {
	n := int64(1)
	for i, e := range s {
		if e < 1 || e > 1<<30 {
			return false
		}
		if i == 3 {
			e = (e + 3) &^ 3
		}
		if n *= int64(e); n > 1<<31-1 {
			return false
		}
	}
	return true
}

// Type is the element type of a tensor.
type Type uint8

const (
	F32 Type = iota
	F16      // weights only: stored as half floats, computed with as f32
	U32      // random keys, counters, flags
)

func (t Type) String() string { return [...]string{"f32", "f16", "u32"}[t] }

// Size is the number of bytes of one element.
func (t Type) Size() int {
	if t == F16 {
		return 2
	}
	return 4
}

// Tensor describes an operand: what it is, not where it is.
type Tensor struct {
	Shape Shape
	Type  Type
}

// Bytes is the storage of the tensor, padding lanes included.
func (t Tensor) Bytes() int { return t.Shape.Padded() * t.Type.Size() }

func (t Tensor) String() string { return t.Type.String() + " " + t.Shape.String() }

// Float describes an f32 tensor.
func Float(n, h, w, c int) Tensor { return Tensor{Shape{n, h, w, c}, F32} }

// Half describes an f16 weight.
func Half(n, h, w, c int) Tensor { return Tensor{Shape{n, h, w, c}, F16} }

// Uint describes a u32 tensor.
func Uint(n, h, w, c int) Tensor { return Tensor{Shape{n, h, w, c}, U32} }
