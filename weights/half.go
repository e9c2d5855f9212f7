package weights

import "math"

// halfToFloat widens an IEEE half; every value is exact.
func halfToFloat(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	u := uint32(h&0x7fff) << 13
	if h&0x7c00 == 0x7c00 {
		return math.Float32frombits(sign | 0x7f800000 | u)
	}
	// 2^112 moves the exponent bias from 15 to 127 and makes subnormal halves normal.
	return math.Float32frombits(sign | math.Float32bits(math.Float32frombits(u)*0x1p112))
}

// floatToHalf rounds to the nearest half, ties to even; what is too large becomes infinite.
func floatToHalf(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b >> 16 & 0x8000)
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000:
		return sign | 0x7e00
	case b >= 0x47800000:
		return sign | 0x7c00
	case b < 0x38800000:
		// Below the smallest normal half: the sum with 1/2 lines the bits up and rounds them.
		return sign | uint16(math.Float32bits(math.Float32frombits(b)+0.5)-0x3f000000)
	}
	b += 0xfff + b>>13&1
	return sign | uint16((b-0x38000000)>>13)
}

func bfloatToFloat(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// floatToBfloat rounds to the nearest bf16, ties to even.
func floatToBfloat(f float32) uint16 {
	b := math.Float32bits(f)
	if b&0x7fffffff > 0x7f800000 {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

func finite(f float32) bool { return math.Float32bits(f)&0x7f800000 != 0x7f800000 }

// countNotFinite is the number of NaN and infinite values in v.
func countNotFinite(v []float32) int {
	n := 0
	for _, x := range v {
		if !finite(x) {
			n++
		}
	}
	return n
}
