package guest

import (
	"math"
	"unsafe"
)

// The lengths of the records of version 1, in 32-bit numbers.
const (
	imageWords = 14
	mapWords   = 8
)

// decodeImage reads an image record; text gives the bytes at an address.
func decodeImage(w *[imageWords]uint32, text func(at, length uint32) string) Image {
	return Image{
		Width: int(w[1]), Height: int(w[2]), Maps: int(w[3]), SourceWidth: int(w[4]), SourceHeight: int(w[5]), MeanFilter: int(w[6]),
		Weights: Weights{math.Float32frombits(w[7]), math.Float32frombits(w[8]), math.Float32frombits(w[9])},
		Class:   text(w[10], w[11]),
		Params:  decodeParams(text(w[12], w[13])),
	}
}

// decodeParams reads lines of key=value.
func decodeParams(text string) []Param {
	var params []Param
	for len(text) > 0 {
		equals, end := 0, 0
		for text[equals] != '=' {
			equals++
		}
		for end = equals; text[end] != '\n'; end++ {
		}
		params = append(params, Param{text[:equals], text[equals+1 : end]})
		text = text[end+1:]
	}
	return params
}

// decodeMap reads a map record; the pixels are elsewhere.
func decodeMap(w *[mapWords]uint32, pixels []float32) Map {
	return Map{Index: int(w[1]), Kind: Kind(w[2]), Timestep: int(w[3]), Cell: int(w[4]), Scale: int(w[5]), Pixels: pixels}
}

// words looks at n 32-bit numbers as float32.
func words(p unsafe.Pointer, n int) []float32 { return unsafe.Slice((*float32)(p), n) }
