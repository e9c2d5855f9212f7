package weights

// splitPlanes writes byte 0 of every element of src, then byte 1, and so on, so that exponents lie beside exponents.
// size is the bytes of an element; len(dst) == len(src), a multiple of size.
func splitPlanes(dst, src []byte, size int) {
	if size == 1 {
		copy(dst, src)
		return
	}
	n := len(src) / size
	for p := range size {
		plane := dst[p*n : (p+1)*n]
		for i := range plane {
			plane[i] = src[i*size+p]
		}
	}
}

// joinPlanes undoes splitPlanes.
func joinPlanes(dst, src []byte, size int) {
	if size == 1 {
		copy(dst, src)
		return
	}
	n := len(src) / size
	for p := range size {
		for i, b := range src[p*n : (p+1)*n] {
			dst[i*size+p] = b
		}
	}
}

// planeSize is the number of planes a chunk of the type is split into.
func (d DType) planeSize() int { return max(d.Size(), 1) }
