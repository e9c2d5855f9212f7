package diffusion

// Masks cuts an image of size x size pixels into cells of cell x cell and deals them
// to disjoint sets by a random permutation (method 4.1). Masks[i][row size + column]
// is false where set i hides the pixel: every pixel is hidden by exactly one set.
// cell must divide size, and sets be at most the number of cells.
func Masks(key Key, size, cell, sets int) [][]bool {
	side := size / cell
	owner := make([]int, side*side)
	for i, c := range permutation(key, cell, side*side) {
		owner[c] = setOf(i, side*side, sets)
	}
	masks := make([][]bool, sets)
	for i := range masks {
		masks[i] = make([]bool, size*size)
		for p := range masks[i] {
			masks[i][p] = owner[p/size/cell*side+p%size/cell] != i
		}
	}
	return masks
}

// permutation is that of the cells, numbered row by row.
func permutation(key Key, cell, cells int) []int {
	w := words{stream: key.stream(forCells, cell, 0, 0)}
	p := make([]int, cells)
	for i := range p {
		p[i] = i
	}
	for j := cells - 1; j > 0; j-- {
		r := w.below(j + 1)
		p[j], p[r] = p[r], p[j]
	}
	return p
}

// setOf is the set that hides the cell at place i of the permutation: the first
// cells mod sets of them have one more.
func setOf(i, cells, sets int) int {
	each, more := cells/sets, cells%sets
	if i < more*(each+1) {
		return i / (each + 1)
	}
	return more + (i-more*(each+1))/each
}
