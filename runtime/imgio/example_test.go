package imgio_test

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/drdc-dev/drdc/runtime/imgio"
)

// From a file in memory to the input of the backbone.
func Example() {
	var file bytes.Buffer
	grey := &imgio.RGB{W: 2, H: 1, Pix: []uint8{0, 0, 0, 255, 255, 255}}
	if err := imgio.EncodePNG(&file, grey); err != nil {
		fmt.Println(err)
		return
	}
	img, err := imgio.Decode(file.Bytes(), "part.png", imgio.DefaultLimits())
	if err != nil {
		fmt.Println(err)
		return
	}
	small, err := imgio.Resize(img, 4, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	x := make([]float32, imgio.Lanes*4*4)
	if err := imgio.ImageNet().Apply(x, small); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(small.Pix[:12])
	fmt.Printf("%.3f\n", x[:4])
	// Output:
	// [0 0 0 64 64 64 191 191 191 255 255 255]
	// [-2.118 -2.036 -1.804 0.000]
}

// A refused file says what, how much and the limit; callers branch on the sentinel.
func ExampleDecode() {
	limits := imgio.DefaultLimits()
	limits.MaxPixels = 1_000_000
	var file bytes.Buffer
	wide := &imgio.RGB{W: 1500, H: 1000, Pix: make([]uint8, 3*1500*1000)}
	if err := imgio.EncodePNG(&file, wide); err != nil {
		fmt.Println(err)
		return
	}
	_, err := imgio.Decode(file.Bytes(), "wide.png", limits)
	fmt.Println(err)
	fmt.Println(errors.Is(err, imgio.ErrTooLarge))
	// Output:
	// imgio: "wide.png": too large: 1500 x 1000 px (1.5 MP), limit 1.0 MP
	// true
}

// A map with its scale survives a picture file.
func ExampleEncodeHeatmap() {
	m := &imgio.Heatmap{W: 2, H: 1, Val: []float32{0.25, 1.5}}
	var file bytes.Buffer
	if err := imgio.EncodeHeatmap(&file, m, imgio.Range{Lo: 0, Hi: 2}); err != nil {
		fmt.Println(err)
		return
	}
	back, texts, err := imgio.DecodeHeatmap(file.Bytes(), "map.png", imgio.DefaultLimits())
	fmt.Printf("%.4f %v %v\n", back.Val, texts, err)
	// Output:
	// [0.2500 1.5000] [{drdc:scale 0 2}] <nil>
}
