package weights

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Array is a tensor as a checkpoint holds it: Data has the elements in row-major order, little-endian. DType is F32, F16, BF16,
// F64, I64, I32, I16, I8, U8 or Bool. Arrays read from a file may share Data; do not write to it.
type Array struct {
	Name  string
	DType DType
	Shape []int
	Data  []byte
}

// Float32 gives the values as float32, rounding F64, I64 and I32; Bool is 0 or 1. The error wraps ErrShape when Data has not the
// length that shape and type need, ErrDType for other types.
func (a *Array) Float32() ([]float32, error) {
	size := a.DType.Size()
	if size == 0 || a.DType == Int8 {
		return nil, fmt.Errorf("weights: array %q: element type %q: %w", clip(a.Name), clip(string(a.DType)), ErrDType)
	}
	n, err := elements(a.Name, a.Shape)
	if err != nil {
		return nil, err
	}
	if n*int64(size) != int64(len(a.Data)) {
		return nil, fmt.Errorf("weights: array %q: %d bytes for shape %v of %s: %w", clip(a.Name), len(a.Data), a.Shape, a.DType, ErrShape)
	}
	out := make([]float32, n)
	b, le := a.Data, binary.LittleEndian
	for i := range out {
		switch a.DType {
		case F32:
			out[i] = math.Float32frombits(le.Uint32(b[4*i:]))
		case F16:
			out[i] = halfToFloat(le.Uint16(b[2*i:]))
		case BF16:
			out[i] = bfloatToFloat(le.Uint16(b[2*i:]))
		case F64:
			out[i] = float32(math.Float64frombits(le.Uint64(b[8*i:])))
		case I64:
			out[i] = float32(int64(le.Uint64(b[8*i:])))
		case I32:
			out[i] = float32(int32(le.Uint32(b[4*i:])))
		case I16:
			out[i] = float32(int16(le.Uint16(b[2*i:])))
		case I8:
			out[i] = float32(int8(b[i]))
		case U8, Bool:
			out[i] = float32(b[i])
		}
	}
	return out, nil
}

// FromFloat32 makes an array of F32, F16 or BF16 elements of values; others are an error that wraps ErrDType.
func FromFloat32(name string, d DType, shape []int, values []float32) (Array, error) {
	if d != F32 && d != F16 && d != BF16 {
		return Array{}, fmt.Errorf("weights: array %q: element type %q: %w", clip(name), clip(string(d)), ErrDType)
	}
	return Array{Name: name, DType: d, Shape: shape, Data: encodeFloats(d, values)}, nil
}
