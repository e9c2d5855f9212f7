package kernels

import "math"

// Array is a tensor with its values in float64: what references compute on.
// Data has the padded layout of Tensor; padding lanes are zero. A U32 tensor
// holds its integers exactly.
type Array struct {
	Tensor
	Data []float64
}

// NewArray returns a zero array.
func NewArray(t Tensor) *Array { return &Array{t, make([]float64, t.Shape.Padded())} }

// At is the value at (n, h, w, c).
func (a *Array) At(n, h, w, c int) float64 { return a.Data[a.Shape.Index(n, h, w, c)] }

// Set stores v at (n, h, w, c).
func (a *Array) Set(n, h, w, c int, v float64) { a.Data[a.Shape.Index(n, h, w, c)] = v }

// Row is the C channels of pixel i, counted over N, H and W.
func (a *Array) Row(i int) []float64 {
	stride := a.Shape.C4() * 4
	return a.Data[i*stride : i*stride+a.Shape[3]]
}

// Round rounds every value to what the tensor's type can hold.
func (a *Array) Round() {
	for i, v := range a.Data {
		switch a.Type {
		case F32:
			a.Data[i] = float64(float32(v))
		case F16:
			a.Data[i] = float64(HalfToFloat(FloatToHalf(float32(v))))
		case U32:
			a.Data[i] = float64(uint32(v))
		}
	}
}

// Bytes encodes the array as a device stores it, little-endian.
func (a *Array) Bytes() []byte {
	b := make([]byte, a.Tensor.Bytes())
	for i, v := range a.Data {
		switch a.Type {
		case F32:
			put32(b[4*i:], math.Float32bits(float32(v)))
		case U32:
			put32(b[4*i:], uint32(v))
		case F16:
			h := FloatToHalf(float32(v))
			b[2*i], b[2*i+1] = byte(h), byte(h>>8)
		}
	}
	return b
}

// SetBytes decodes what Bytes encodes.
func (a *Array) SetBytes(b []byte) {
	for i := range a.Data {
		switch a.Type {
		case F32:
			a.Data[i] = float64(math.Float32frombits(get32(b[4*i:])))
		case U32:
			a.Data[i] = float64(get32(b[4*i:]))
		case F16:
			a.Data[i] = float64(HalfToFloat(uint16(b[2*i]) | uint16(b[2*i+1])<<8))
		}
	}
}

func put32(b []byte, v uint32) {
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}

func get32(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// FloatToHalf rounds to the nearest IEEE 754 binary16, ties to even.
func FloatToHalf(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits >> 16 & 0x8000)
	abs := bits & 0x7fffffff
	switch {
	case abs > 0x7f800000:
		return sign | 0x7e00
	case abs >= 0x47800000-0x1000: // rounds to 65536 or more
		return sign | 0x7c00
	case abs >= 0x38800000: // normal
		abs += 0xfff + abs>>13&1
		return sign | uint16((abs-0x38000000)>>13)
	}
	// Subnormal: adding 0.5 aligns the last half bit with the last float bit.
	sub := math.Float32frombits(abs) + 0.5
	return sign | uint16(math.Float32bits(sub)-0x3f000000)
}

// HalfToFloat widens an IEEE 754 binary16.
func HalfToFloat(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exp, frac := uint32(h>>10&31), uint32(h&0x3ff)
	switch exp {
	case 0:
		f := float32(frac) / (1 << 24)
		return math.Float32frombits(sign | math.Float32bits(f))
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// Encode lays out padded float32 values as a device stores type t.
func Encode(t Type, data []float32) []byte {
	b := make([]byte, len(data)*t.Size())
	for i, v := range data {
		switch t {
		case F16:
			h := FloatToHalf(v)
			b[2*i], b[2*i+1] = byte(h), byte(h>>8)
		case U32:
			put32(b[4*i:], uint32(v))
		default:
			put32(b[4*i:], math.Float32bits(v))
		}
	}
	return b
}

// Decode32 reads little-endian f32 values.
func Decode32(b []byte) []float32 {
	data := make([]float32, len(b)/4)
	for i := range data {
		data[i] = math.Float32frombits(get32(b[4*i:]))
	}
	return data
}
