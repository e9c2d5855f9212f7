package efficientnet

// around returns the padding top, left, bottom, right of a convolution whose input
// has the given rows and columns, and would have nominal of both in an image of 380
// pixels.
func (p Padding) around(rows, columns, nominal, kernel, stride int) [4]int {
	switch p {
	case Symmetric:
		n := (kernel - 1) / 2
		return [4]int{n, n, n, n}
	case Static380:
		rows, columns = nominal, nominal
	}
	top, bottom := same(rows, kernel, stride)
	left, right := same(columns, kernel, stride)
	return [4]int{top, left, bottom, right}
}

// same is TensorFlow's SAME: ceil(size/stride) outputs, and of an odd padding
// the larger half behind.
func same(size, kernel, stride int) (before, after int) {
	total := max((ceilDiv(size, stride)-1)*stride+kernel-size, 0)
	return total / 2, total - total/2
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
