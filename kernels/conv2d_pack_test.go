package kernels

import (
	"slices"
	"testing"
)

func iota32(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i + 1)
	}
	return v
}

// TestPackConv has the stored values worked out by hand.
func TestPackConv(t *testing.T) {
	for _, r := range []struct {
		name  string
		oihw  [4]int
		split int
		shape Shape
		want  []float32
	}{
		{"1x1, 2 of 3 channels", [4]int{2, 3, 1, 1}, 0, Shape{1, 1, 4, 2}, []float32{1, 4, 0, 0, 2, 5, 0, 0, 3, 6, 0, 0, 0, 0, 0, 0}},
		{"1x2", [4]int{1, 1, 1, 2}, 0, Shape{1, 2, 4, 1}, []float32{1, 0, 0, 0, 12: 0, 16: 2, 31: 0}},
		{"2x1", [4]int{1, 1, 2, 1}, 0, Shape{2, 1, 4, 1}, []float32{1, 0, 0, 0, 12: 0, 16: 2, 31: 0}},
		{"split after 1 of 2", [4]int{1, 2, 1, 1}, 1, Shape{1, 1, 8, 1}, []float32{1, 16: 2, 31: 0}},
		{"split after 4 of 5", [4]int{1, 5, 1, 1}, 4, Shape{1, 1, 8, 1}, []float32{0: 1, 4: 2, 8: 3, 12: 4, 16: 5, 31: 0}},
	} {
		n := r.oihw[0] * r.oihw[1] * r.oihw[2] * r.oihw[3]
		got := PackConv(iota32(n), r.oihw, r.split)
		if s := ConvShape(r.oihw, r.split); s != r.shape || !slices.Equal(got, r.want) {
			t.Errorf("%s: got %v %v, want %v %v", r.name, s, got, r.shape, r.want)
		}
	}
	if got := PackDepthwise(iota32(6), [4]int{3, 1, 1, 2}); !slices.Equal(got, []float32{1, 3, 5, 0, 2, 4, 6, 0}) {
		t.Errorf("depthwise: got %v", got)
	}
	if got := PackVector(iota32(5)); !slices.Equal(got, []float32{1, 2, 3, 4, 5, 0, 0, 0}) {
		t.Errorf("vector: got %v", got)
	}
}

func TestPackRoundTrip(t *testing.T) {
	for _, r := range []struct {
		oihw  [4]int
		split int
	}{{[4]int{1, 1, 1, 1}, 0}, {[4]int{7, 5, 3, 2}, 0}, {[4]int{6, 9, 2, 3}, 5}, {[4]int{8, 8, 3, 3}, 4}} {
		w := iota32(r.oihw[0] * r.oihw[1] * r.oihw[2] * r.oihw[3])
		if got := UnpackConv(PackConv(w, r.oihw, r.split), r.oihw, r.split); !slices.Equal(got, w) {
			t.Errorf("convolution %v split %d: got %v", r.oihw, r.split, got)
		}
	}
	d := [4]int{7, 1, 5, 3}
	if w := iota32(105); !slices.Equal(UnpackDepthwise(PackDepthwise(w, d), d), w) {
		t.Error("depthwise")
	}
	if w := iota32(35); !slices.Equal(UnpackLinear(PackLinear(w, 5, 7), 5, 7), w) {
		t.Error("linear")
	}
}

func TestPackPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"pack":   func() { PackConv(iota32(5), [4]int{2, 3, 1, 1}, 0) },
		"unpack": func() { UnpackConv(iota32(6), [4]int{2, 3, 1, 1}, 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s accepts a wrong number of values", name)
				}
			}()
			f()
		}()
	}
}
