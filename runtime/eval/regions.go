package eval

// regions numbers the 8-connected regions of the pixels that are not 0. mask has
// h rows of w pixels. label holds the region of each pixel, or -1, and sizes the
// pixels of each region, in the order of their first pixels.
func regions(mask []uint8, w, h int) (label []int32, sizes []int) {
	label = make([]int32, len(mask))
	for i := range label {
		label[i] = -1
	}
	var stack []int
	for first, m := range mask {
		if m == 0 || label[first] >= 0 {
			continue
		}
		id := int32(len(sizes))
		size := 0
		label[first] = id
		stack = append(stack, first)
		for len(stack) > 0 {
			p := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			size++
			x, y := p%w, p/w
			for ny := max(y-1, 0); ny <= min(y+1, h-1); ny++ {
				for nx := max(x-1, 0); nx <= min(x+1, w-1); nx++ {
					if q := ny*w + nx; mask[q] != 0 && label[q] < 0 {
						label[q] = id
						stack = append(stack, q)
					}
				}
			}
		}
		sizes = append(sizes, size)
	}
	return label, sizes
}
