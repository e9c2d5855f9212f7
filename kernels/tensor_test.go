package kernels

import "testing"

func TestShape(t *testing.T) {
	for _, r := range []struct {
		shape                          Shape
		c4, pixels, elems, vectors, at int // at: Index of the last value
		bytes                          [3]int
		text                           string
	}{
		{Shape{1, 1, 1, 1}, 1, 1, 1, 1, 0, [3]int{16, 8, 16}, "f32 1x1x1x1"},
		{Shape{2, 3, 5, 7}, 2, 30, 210, 60, 29*8 + 6, [3]int{960, 480, 960}, "f32 2x3x5x7"},
		{Shape{1, 2, 1, 8}, 2, 2, 16, 4, 15, [3]int{64, 32, 64}, "f32 1x2x1x8"},
	} {
		s := r.shape
		if s.C4() != r.c4 || s.Pixels() != r.pixels || s.Elems() != r.elems || s.Vectors() != r.vectors || s.Padded() != 4*r.vectors {
			t.Errorf("%v: C4 %d, pixels %d, elems %d, vectors %d, padded %d", s, s.C4(), s.Pixels(), s.Elems(), s.Vectors(), s.Padded())
		}
		if got := s.Index(s[0]-1, s[1]-1, s[2]-1, s[3]-1); got != r.at {
			t.Errorf("%v: last value at %d, want %d", s, got, r.at)
		}
		for i, typ := range []Type{F32, F16, U32} {
			if got := (Tensor{s, typ}).Bytes(); got != r.bytes[i] {
				t.Errorf("%v %v: %d bytes, want %d", typ, s, got, r.bytes[i])
			}
		}
		if got := (Tensor{s, F32}).String(); got != r.text {
			t.Errorf("got %q, want %q", got, r.text)
		}
	}
}

func TestShapeValid(t *testing.T) {
	for _, r := range []struct {
		shape Shape
		want  bool
	}{
		{Shape{1, 1, 1, 1}, true},
		{Shape{1, 1, 1, 0}, false},
		{Shape{-1, 1, 1, -1}, false},
		{Shape{1, 1, 1<<29 - 1, 4}, true},
		{Shape{1, 1, 1 << 29, 4}, false},
		{Shape{1, 1, 1 << 29, 1}, false}, // padding lanes count
		{Shape{1 << 30, 1 << 30, 1 << 30, 1 << 30}, false},
		{Shape{1 << 62, 4, 1, 1}, false},
	} {
		if got := r.shape.valid(); got != r.want {
			t.Errorf("%v: valid is %t, want %t", r.shape, got, r.want)
		}
	}
}
