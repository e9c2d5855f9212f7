package weights

import "math"

// Scale groups of Quantise: one scale per row for Int8; for Int4 groups of at least this many elements, so that the scales
// stay near 2% of the codes.
const int4Group = 320

// defaultGroup is the group length for rows of the given length.
func defaultGroup(d DType, row int) int {
	if d == Int8 || row < 2*int4Group {
		return max(row, 1)
	}
	n := row / int4Group
	return (row + n - 1) / n
}

// limitOf is the largest code: codes are symmetric, -limit..limit.
func limitOf(d DType) float32 {
	if d == Int4 {
		return 7
	}
	return 127
}

// quantise gives the codes of v, packed as stored, and the scales: max|v| / limit of each group; round half to even.
func quantise(d DType, v []float32, g geometry) (codes []byte, scales []float32) {
	codes = make([]byte, d.bytes(int64(len(v))))
	scales = make([]float32, 0, g.scales(len(v)))
	limit := limitOf(d)
	for at := 0; at < len(v); {
		end := g.next(at)
		top := float32(0)
		for _, x := range v[at:end] {
			top = max(top, x, -x)
		}
		scale := top / limit
		scales = append(scales, scale)
		for i, x := range v[at:end] {
			code := float32(0)
			if scale > 0 {
				code = max(-limit, min(limit, float32(math.RoundToEven(float64(x/scale)))))
			}
			if d == Int4 {
				codes[(at+i)/2] |= byte(int8(code)&15) << (4 * ((at + i) & 1))
			} else {
				codes[at+i] = byte(int8(code))
			}
		}
		at = end
	}
	return codes, scales
}

// next is the end of the group that begins at element at.
func (g geometry) next(at int) int {
	row := at / g.row * g.row
	return min(at+g.group, row+g.row)
}

// index is the number of the scale of element i.
func (g geometry) index(i int) int { return i/g.row*g.perRow + i%g.row/g.group }

// dequantise writes the values of packed codes to dst; at is the index of dst[0] in the tensor.
func dequantise(d DType, dst []float32, codes []byte, at int, scales []float32, g geometry) {
	for i := 0; i < len(dst); {
		scale := scales[g.index(at+i)]
		end := min(len(dst), i+g.left(at+i))
		if d == Int8 {
			for j, c := range codes[i:end] {
				dst[i+j] = float32(int8(c)) * scale
			}
			i = end
			continue
		}
		for ; i < end; i++ {
			dst[i] = float32(int8(codes[i/2]<<(4*(1-i&1)))>>4) * scale
		}
	}
}

// left is the number of elements from i to the end of its group.
func (g geometry) left(i int) int {
	in := i % g.row
	return min(g.group-in%g.group, g.row-in)
}
