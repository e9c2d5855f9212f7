package guest

// lanes is how many pixels one round of a loop takes: the host looks at the clock in every round.
const lanes = 16

// Add adds src to dst, pixel by pixel.
func Add(dst, src []float32) {
	for ; len(dst) >= lanes; dst, src = dst[lanes:], src[lanes:] {
		d, s := (*[lanes]float32)(dst), (*[lanes]float32)(src)
		d[0] += s[0]
		d[1] += s[1]
		d[2] += s[2]
		d[3] += s[3]
		d[4] += s[4]
		d[5] += s[5]
		d[6] += s[6]
		d[7] += s[7]
		d[8] += s[8]
		d[9] += s[9]
		d[10] += s[10]
		d[11] += s[11]
		d[12] += s[12]
		d[13] += s[13]
		d[14] += s[14]
		d[15] += s[15]
	}
	for i := range dst {
		dst[i] += src[i]
	}
}

// Divide divides by one number.
func Divide(v []float32, by float32) {
	for i := range v {
		v[i] /= by
	}
}

// Weigh writes Refined * refined + Base * base + Shift, Eq. 17 with the weights of the image, to heatmap, which may be refined itself;
// base is nil where there is none.
func Weigh(heatmap, refined, base []float32, image Image) {
	w := image.Weights
	for i, v := range refined {
		sum := float32(w.Refined * v)
		if base != nil {
			sum += float32(w.Base * base[i])
		}
		heatmap[i] = sum + w.Shift
	}
}

// Box is the mean over the size x size pixels around each pixel that lie inside the image (Eq. 16): along the rows, then along the
// columns, each a sum from the low end divided by the number of its values. v [height, width] holds the result.
func Box(v []float32, width, height, size int) {
	r := size / 2
	across := make([]float32, len(v))
	for y := range height {
		row, sum := v[y*width:][:width], across[y*width:][:width]
		for i := -r; i <= r; i++ {
			from, to := max(0, -i), min(width, width-i)
			if from < to {
				Add(sum[from:to], row[from+i:to+i])
			}
		}
		for x := range sum {
			sum[x] /= float32(min(x+r+1, width) - max(x-r, 0))
		}
	}
	clear(v)
	for y := range height {
		first, end := max(y-r, 0), min(y+r+1, height)
		sum := v[y*width:][:width]
		for i := first; i < end; i++ {
			Add(sum, across[i*width:][:width])
		}
		Divide(sum, float32(end-first))
	}
}

// window is the side of the squares of Score, in pixels.
const window = 16

// Score is the largest mean over squares of 16 x 16 pixels inside the heatmap [height, width]; smaller where the image is
// (method 4.5).
func Score(heatmap []float32, width, height int) float32 {
	across, down := min(window, width), min(window, height)
	wide := width - across + 1
	rows := make([]float32, wide*height)
	for y := range height {
		sum := rows[y*wide:][:wide]
		for i := range across {
			Add(sum, heatmap[y*width+i:][:wide])
		}
		Divide(sum, float32(across))
	}
	var best float32
	sum := make([]float32, wide)
	for y := range height - down + 1 {
		clear(sum)
		for i := range down {
			Add(sum, rows[(y+i)*wide:][:wide])
		}
		Divide(sum, float32(down))
		for x, v := range sum {
			if x+y == 0 || v > best {
				best = v
			}
		}
	}
	return best
}
