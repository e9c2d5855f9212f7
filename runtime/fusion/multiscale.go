package fusion

// MultiScale is the mean of a base map, h rows of w values, and of it at coarser
// scales: for a factor s from 2 on, the means over ceil(grid/s) rows and columns of
// equal areas, interpolated back. Factor 1 is the map itself; grid is that of the
// features behind the map, which has no finer detail. This is what Eq. 14 does to
// the refined maps; the paper reports that it does not help the base (Table 5), so
// no rule uses it.
func MultiScale(base []float32, w, h int, grid [2]int, scales []int) []float32 {
	out := make([]float32, len(base))
	for _, s := range scales {
		m := base
		if s > 1 {
			m = coarse(base, w, h, min((grid[1]+s-1)/s, w), min((grid[0]+s-1)/s, h))
		}
		for i, v := range m {
			out[i] += v / float32(len(scales))
		}
	}
	return out
}

// coarse averages a map over rows x columns areas and interpolates between their
// middles, as Resize of an image does.
func coarse(v []float32, w, h, columns, rows int) []float32 {
	small := make([]float32, columns*rows)
	for r := range rows {
		for c := range columns {
			top, bottom, left, right := r*h/rows, (r+1)*h/rows, c*w/columns, (c+1)*w/columns
			sum := 0.0
			for y := top; y < bottom; y++ {
				for _, x := range v[y*w+left : y*w+right] {
					sum += float64(x)
				}
			}
			small[r*columns+c] = float32(sum / float64((bottom-top)*(right-left)))
		}
	}
	out := make([]float32, w*h)
	for y := range h {
		y0, y1, fy := between(y, h, rows)
		for x := range w {
			x0, x1, fx := between(x, w, columns)
			top := lerp(small[y0*columns+x0], small[y0*columns+x1], fx)
			out[y*w+x] = lerp(top, lerp(small[y1*columns+x0], small[y1*columns+x1], fx), fy)
		}
	}
	return out
}

// between is where the middle of pixel i of n lies between the middles of small
// pixels; beyond the outermost ones it stays at them.
func between(i, n, small int) (low, high int, part float32) {
	at := max((float32(i)+0.5)*float32(small)/float32(n)-0.5, 0)
	low = min(int(at), small-1)
	return low, min(low+1, small-1), at - float32(low)
}

func lerp(a, b, part float32) float32 { return a + (b-a)*part }
