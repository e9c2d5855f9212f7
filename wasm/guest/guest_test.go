package guest

import (
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/drdc-dev/drdc/wasm/abi"
)

// TestDecode reads the records that a host writes.
func TestDecode(t *testing.T) {
	img := abi.Image{
		Width: 3, Height: 2, Maps: 4, SourceWidth: 640, SourceHeight: 480, MeanFilter: 21,
		Weights: abi.Weights{Refined: 0.9, Base: 0.1, Shift: -2}, Class: "screw", Params: []abi.Param{{Key: "a", Value: ""}, {Key: "b", Value: "x=y"}},
	}
	buffer := make([]byte, img.Room())
	abi.PutImage(buffer, 0, img)
	var w [imageWords]uint32
	for i := range w {
		w[i] = binary.LittleEndian.Uint32(buffer[4*i:])
	}
	got := decodeImage(&w, func(at, length uint32) string { return string(buffer[at : at+length]) })
	want := Image{
		Width: 3, Height: 2, Maps: 4, SourceWidth: 640, SourceHeight: 480, MeanFilter: 21,
		Weights: Weights{0.9, 0.1, -2}, Class: "screw", Params: []Param{{"a", ""}, {"b", "x=y"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if v, ok := got.Param("b"); v != "x=y" || !ok {
		t.Errorf("parameter b: %q, %v", v, ok)
	}
	if _, ok := got.Param("c"); ok {
		t.Error("parameter c was not given")
	}
}

// TestPixels compares Box and Score with one sum for each pixel, in float64; a float32 sum of 441 values of about 1 is off by some 1e-6.
func TestPixels(t *testing.T) {
	const tolerance = 1e-5
	random := rand.New(rand.NewPCG(1, 1))
	for _, size := range [][3]int{{40, 30, 21}, {5, 3, 21}, {17, 33, 1}, {1, 1, 3}} {
		w, h, m := size[0], size[1], size[2]
		v := make([]float32, w*h)
		for i := range v {
			v[i] = random.Float32()
		}
		mean := func(x0, y0, x1, y1 int) float64 {
			sum, n := 0.0, 0
			for y := max(y0, 0); y < min(y1, h); y++ {
				for x := max(x0, 0); x < min(x1, w); x++ {
					sum, n = sum+float64(v[y*w+x]), n+1
				}
			}
			return sum / float64(n)
		}
		best := 0.0
		for y := range h - min(16, h) + 1 {
			for x := range w - min(16, w) + 1 {
				best = max(best, mean(x, y, x+16, y+16))
			}
		}
		if got := float64(Score(v, w, h)); got-best > tolerance || best-got > tolerance {
			t.Errorf("%v: score %v, want %v", size, got, best)
		}
		got := append([]float32(nil), v...)
		Box(got, w, h, m)
		for i, g := range got {
			x, y := i%w, i/w
			if want := mean(x-m/2, y-m/2, x+m/2+1, y+m/2+1); float64(g)-want > tolerance || want-float64(g) > tolerance {
				t.Errorf("%v: pixel %d is %v, want %v", size, i, g, want)
				break
			}
		}
	}
}
