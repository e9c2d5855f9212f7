package weights

import "fmt"

// DType names an element type. F32 to Int4 are what a model file holds; the rest occur in checkpoints (Array) only.
type DType string

// The element types. All are little-endian; Int4 packs two values in a byte, the first in the low half.
const (
	F32  DType = "f32"  // IEEE single
	F16  DType = "f16"  // IEEE half
	BF16 DType = "bf16" // the upper half of an IEEE single
	Int8 DType = "int8" // quantised: value = code x scale
	Int4 DType = "int4" // quantised: value = code x scale

	F64  DType = "f64"
	I64  DType = "i64"
	I32  DType = "i32"
	I16  DType = "i16"
	I8   DType = "i8"
	U8   DType = "u8"
	Bool DType = "bool"
)

// ParseDType gives the model-file element type called s, or an error that wraps ErrDType.
func ParseDType(s string) (DType, error) {
	if d := DType(s); d.storable() {
		return d, nil
	}
	return "", fmt.Errorf("weights: element type %q: %w (one of f32, f16, bf16, int8, int4)", s, ErrDType)
}

func (d DType) storable() bool {
	switch d {
	case F32, F16, BF16, Int8, Int4:
		return true
	}
	return false
}

func (d DType) quantised() bool { return d == Int8 || d == Int4 }

// Size is the number of bytes of one element; 0 for Int4, whose elements share a byte, and for unknown types.
func (d DType) Size() int {
	switch d {
	case Int8, I8, U8, Bool:
		return 1
	case F16, BF16, I16:
		return 2
	case F32, I32:
		return 4
	case F64, I64:
		return 8
	}
	return 0
}

// bytes is the length of n elements.
func (d DType) bytes(n int64) int64 {
	if d == Int4 {
		return n/2 + n%2
	}
	return n * int64(d.Size())
}

// elements is the number of elements in a full chunk prefix of b bytes.
func (d DType) elements(b int64) int64 {
	if d == Int4 {
		return 2 * b
	}
	return b / int64(d.Size())
}
