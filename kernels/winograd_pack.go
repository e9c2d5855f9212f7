package kernels

import "fmt"

// WinogradShape is the stored form of a 3x3 convolution weight [K, C, 3, 3] for
// Winograd with the given tile: [tile+2, tile+2, rows, K], the rows those of
// ConvShape.
func WinogradShape(oihw [4]int, split, tile int) Shape {
	s := ConvShape(oihw, split)
	return Shape{tile + 2, tile + 2, s[2], s[3]}
}

// PackWinograd stores a weight [K, C, 3, 3] in the form of WinogradShape: G g G^T of
// every pair of channels, where row i of G is 1, a, a^2 of point a and the last is 0, 0,
// 1 (infinity). The transform is computed in float64 and rounded once. No value is
// over 23 times the largest weight, so half floats hold the packed values too.
func PackWinograd(weight []float32, oihw [4]int, split, tile int) []float32 {
	if oihw[2] != 3 || oihw[3] != 3 || len(weight) != oihw[0]*oihw[1]*9 {
		panic(fmt.Sprintf("kernels: pack: %d values for a 3x3 convolution %v", len(weight), oihw))
	}
	s := WinogradShape(oihw, split, tile)
	packed := make([]float32, s.Padded())
	parallelRows(oihw[1], func(i int) {
		row := i
		if i >= split {
			row += pad4(split) - split
		}
		for o := range oihw[0] {
			var g [9]float64
			for j, v := range weight[(o*oihw[1]+i)*9:][:9] {
				g[j] = float64(v)
			}
			u := winogradPoints(g, tile)
			for p := range s[0] * s[1] {
				packed[s.Index(0, p, row, o)] = float32(u[p])
			}
		}
	})
	return packed
}

// finitePoints are those of a tile of 2 and of 4; the second ones lose a quarter of the
// squared error of 0, 1, -1, 2, -2 (Barabasz et al., "Error analysis and improving the
// accuracy of Winograd convolution"). The first is 0, the next two are opposite.
func finitePoints(tile int) []float64 {
	if tile == 2 {
		return []float64{0, 1, -1}
	}
	return []float64{0, 0.75, -0.75, 1.5, -1.5}
}

// winogradPoints is G g G^T, row-major; g are 3x3 weights. The values behind the
// (tile+2)^2 that there are stay zero.
func winogradPoints(g [9]float64, tile int) (u [36]float64) {
	side, points := tile+2, finitePoints(tile)
	line := func(d [3]float64) (u [6]float64) {
		for i, a := range points {
			u[i] = d[0] + a*(d[1]+a*d[2])
		}
		u[side-1] = d[2]
		return u
	}
	var rows [3][6]float64
	for i := range rows {
		rows[i] = line([3]float64(g[3*i : 3*i+3]))
	}
	for j := range side {
		column := line([3]float64{rows[0][j], rows[1][j], rows[2][j]})
		for i := range side {
			u[i*side+j] = column[i]
		}
	}
	return u
}

// winogradTaps is the inverse of winogradPoints: the points 0 and infinity are the
// outer weights, the difference of the second and third point gives the one in the middle.
func winogradTaps(u []float64, tile int) (g [9]float64) {
	side, a := tile+2, finitePoints(tile)[1]
	line := func(at func(i int) float64) [3]float64 {
		return [3]float64{at(0), (at(1) - at(2)) / (2 * a), at(side - 1)}
	}
	rows := make([][3]float64, side)
	for i := range rows {
		rows[i] = line(func(j int) float64 { return u[i*side+j] })
	}
	for j := range 3 {
		for i, v := range line(func(i int) float64 { return rows[i][j] }) {
			g[3*i+j] = v
		}
	}
	return g
}
