package kernels

import "fmt"

// broadcast is the shape that all of shapes repeat to: every extent of each is
// that of the result or 1.
func broadcast(shapes ...Shape) (Shape, error) {
	y := Shape{1, 1, 1, 1}
	for _, s := range shapes {
		for i, e := range s {
			switch {
			case y[i] == 1:
				y[i] = e
			case e != 1 && e != y[i]:
				return y, fmt.Errorf("%w: %v does not repeat to %v: axis %c is %d, want 1 or %d", ErrShape, s, y, "NHWC"[i], e, y[i])
			}
		}
	}
	return y, nil
}

// repeat returns the strides of s in vectors, 0 for the axes that are repeated
// to fill y.
func repeat(s, y Shape) [4]uint32 {
	st := [4]int{s[1] * s[2] * s.C4(), s[2] * s.C4(), s.C4(), 1}
	var r [4]uint32
	for i := range r {
		if s[i] == y[i] {
			r[i] = uint32(st[i])
		}
	}
	return r
}

// repeated is the value of a at a place of the shape that a repeats to.
func (a *Array) repeated(n, h, w, c int) float64 {
	s := a.Shape
	return a.At(min(n, s[0]-1), min(h, s[1]-1), min(w, s[2]-1), min(c, s[3]-1))
}

// eachElem calls f for every place of s, padding lanes left out.
func eachElem(s Shape, f func(n, h, w, c int)) {
	for n := range s[0] {
		for h := range s[1] {
			for w := range s[2] {
				for c := range s[3] {
					f(n, h, w, c)
				}
			}
		}
	}
}
