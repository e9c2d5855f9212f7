package synth

import "math"

// visible is how much the brightest change of a channel has to be, in 0..1, for a
// pixel to count as damaged: about the smallest step that a person sees side by
// side.
const visible = 9.0 / 255

// changed marks the pixels at which two pictures differ. Gaps between marked
// pixels that are narrower than 1/60 of the picture are closed, as they are inside
// of the same damage.
func changed(a, b []float64, size int) []uint8 {
	mask := make([]uint8, size*size)
	for i := range mask {
		for c := range 3 {
			if math.Abs(a[3*i+c]-b[3*i+c]) > visible {
				mask[i] = 1
			}
		}
	}
	r := max(size/120, 1)
	return spread(spread(mask, size, r, 1), size, r, 0)
}

// spread grows the pixels of a value by r to all sides. The border of the picture
// neither grows nor shrinks.
func spread(mask []uint8, size, r int, grow uint8) []uint8 {
	for range 2 { // along rows, then along columns of the turned mask
		out := make([]uint8, len(mask))
		for y := range size {
			for x := range size {
				v := mask[y*size+x]
				for k := max(x-r, 0); k <= min(x+r, size-1) && v != grow; k++ {
					v = mask[y*size+k]
				}
				out[x*size+y] = v
			}
		}
		mask = out
	}
	return mask
}

func count(mask []uint8) int {
	n := 0
	for _, v := range mask {
		n += int(v)
	}
	return n
}
