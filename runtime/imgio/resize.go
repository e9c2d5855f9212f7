package imgio

import (
	"fmt"
	"math"
)

// weightBits is the fixed-point precision of the filter weights.
const weightBits = 22

// maxShrink is the largest ratio of input to output length; beyond it the weights round to nothing.
const maxShrink = 1 << 18

// window is the run of input samples that make one output sample, with their weights in units of 2^-22.
type window struct {
	first   int
	weights []int32
}

// Resize scales an image to w x h, aspect ignored, exactly as PIL's Image.resize with BILINEAR does: a triangle filter
// whose support grows with the reduction (antialiasing), first along rows and then along columns, rounded to 8 bits in
// between, with 22-bit fixed-point weights. Besides the result it holds one input row and the output rows under way.
// It wraps [ErrSize] for sizes that are not positive and for reductions beyond 2^18.
func Resize(src *RGB, w, h int) (*RGB, error) {
	if err := src.check(); err != nil {
		return nil, fmt.Errorf("imgio: resize: %w", err)
	}
	if w <= 0 || h <= 0 || src.W/maxShrink >= w || src.H/maxShrink >= h {
		return nil, fmt.Errorf("imgio: resize: %w: %d x %d px to %d x %d px", ErrSize, src.W, src.H, w, h)
	}
	out := &RGB{W: w, H: h, Pix: make([]uint8, 3*w*h)}
	across := triangle(src.W, w)
	inRow := func(y int) []uint8 { return src.Pix[3*src.W*y : 3*src.W*(y+1)] }
	outRow := func(y int) []uint8 { return out.Pix[3*w*y : 3*w*(y+1)] }
	if src.H == h {
		for y := range h {
			filterRow(outRow(y), inRow(y), across)
		}
		return out, nil
	}
	down := triangle(src.H, h)
	slots := mostOverlap(down)
	sums := make([]int32, slots*3*w)
	slot := func(o int) []int32 { return sums[o%slots*3*w : (o%slots+1)*3*w] }
	line := make([]uint8, 3*w)
	started, done := 0, 0 // output rows done..started-1 are under way
	for y := range src.H {
		filterRow(line, inRow(y), across)
		for started < h && down[started].first <= y {
			for i := range slot(started) {
				slot(started)[i] = 1 << (weightBits - 1)
			}
			started++
		}
		for o := done; o < started; o++ {
			accumulate(slot(o), line, down[o].weights[y-down[o].first])
		}
		for done < started && down[done].first+len(down[done].weights) == y+1 {
			for i, s := range slot(done) {
				outRow(done)[i] = clip8(s >> weightBits)
			}
			done++
		}
	}
	return out, nil
}

// triangle returns the window of each of out samples over in samples. Every product stands in its own variable, which
// keeps compilers from fusing it with the addition that follows and so from rounding otherwise.
func triangle(in, out int) []window {
	scale := float64(in) / float64(out)
	support := max(scale, 1)
	inverse := 1 / support
	windows := make([]window, out)
	for o := range windows {
		centre := (float64(o) + 0.5) * scale
		first := max(int(centre-support+0.5), 0)
		end := min(int(centre+support+0.5), in)
		raw := make([]float64, end-first)
		sum := 0.0
		for i := range raw {
			x := (float64(i+first) - centre + 0.5) * inverse
			raw[i] = max(1-math.Abs(x), 0)
			sum += raw[i]
		}
		weights := make([]int32, len(raw))
		for i, v := range raw {
			scaled := v / sum * (1 << weightBits)
			weights[i] = int32(scaled + 0.5)
		}
		windows[o] = window{first, weights}
	}
	return windows
}

// mostOverlap returns how many consecutive windows can be under way at once.
func mostOverlap(windows []window) int {
	most, done := 1, 0
	for o, w := range windows {
		for windows[done].first+len(windows[done].weights) <= w.first {
			done++
		}
		most = max(most, o-done+1)
	}
	return most
}

// filterRow resamples one row of RGB pixels.
func filterRow(dst, src []uint8, windows []window) {
	if len(dst) == len(src) {
		copy(dst, src)
		return
	}
	for o, w := range windows {
		const half = 1 << (weightBits - 1)
		r, g, b := int32(half), int32(half), int32(half)
		in := src[3*w.first : 3*(w.first+len(w.weights))]
		for _, k := range w.weights {
			r += int32(in[0]) * k
			g += int32(in[1]) * k
			b += int32(in[2]) * k
			in = in[3:]
		}
		dst[3*o], dst[3*o+1], dst[3*o+2] = clip8(r>>weightBits), clip8(g>>weightBits), clip8(b>>weightBits)
	}
}

func accumulate(sums []int32, line []uint8, k int32) {
	line = line[:len(sums)]
	for i := range sums {
		sums[i] += int32(line[i]) * k
	}
}
