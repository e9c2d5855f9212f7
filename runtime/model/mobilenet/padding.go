package mobilenet

import "github.com/drdc-dev/drdc/kernels"

// around returns the padding top, left, bottom, right of a convolution over x.
func (p Padding) around(x kernels.Shape, kernel, stride int) [4]int {
	if p == Symmetric {
		n := (kernel - 1) / 2
		return [4]int{n, n, n, n}
	}
	top, bottom := same(x[1], kernel, stride)
	left, right := same(x[2], kernel, stride)
	return [4]int{top, left, bottom, right}
}

// same is TensorFlow's SAME: ceil(size/stride) outputs, and of an odd padding
// the larger half behind.
func same(size, kernel, stride int) (before, after int) {
	outputs := (size + stride - 1) / stride
	total := max((outputs-1)*stride+kernel-size, 0)
	return total / 2, total - total/2
}
