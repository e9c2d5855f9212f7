package fusion

// boxFilter is the mean over the size x size pixels around each pixel that are inside
// the image (Eq. 16).
func boxFilter(v []float32, w, h, size int) []float32 {
	r := size / 2
	across := make([]float32, len(v))
	for y := range h {
		for x := range w {
			across[y*w+x] = mean(v[y*w:], 1, max(x-r, 0), min(x+r+1, w))
		}
	}
	down := make([]float32, len(v))
	for y := range h {
		for x := range w {
			down[y*w+x] = mean(across[x:], w, max(y-r, 0), min(y+r+1, h))
		}
	}
	return down
}

// mean is that of v[i*stride] for i from first to below end.
func mean(v []float32, stride, first, end int) float32 {
	sum := float32(0)
	for i := first; i < end; i++ {
		sum += v[i*stride]
	}
	return sum / float32(end-first)
}
