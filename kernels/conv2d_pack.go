package kernels

import "fmt"

// The packers lay weights out as kernels read them. Values are row-major, as
// PyTorch has them; a number of values that is not the shape's is the caller's
// mistake and panics.

// ConvShape is the stored form of a convolution weight [K, C/groups, KH, KW]: [KH,
// KW, rows, K]. With split over 0 the convolution has two sources, the first of
// split channels; each one's channels are padded to four.
func ConvShape(oihw [4]int, split int) Shape {
	return Shape{oihw[2], oihw[3], pad4(split) + pad4(oihw[1]-split), oihw[0]}
}

// DepthwiseShape is the stored form of a depthwise weight [C, 1, KH, KW]: [KH, KW,
// 1, C].
func DepthwiseShape(oihw [4]int) Shape { return Shape{oihw[2], oihw[3], 1, oihw[0]} }

// LinearShape is the stored form of a linear layer's weight [out, in]: [1, 1, in
// padded to four, out].
func LinearShape(out, in int) Shape { return Shape{1, 1, pad4(in), out} }

// PackConv stores a weight in the form of ConvShape, padding lanes included.
func PackConv(weight []float32, oihw [4]int, split int) []float32 {
	return pack(weight, ConvShape(oihw, split), convPlaces(oihw, split))
}

// UnpackConv is the inverse of PackConv.
func UnpackConv(packed []float32, oihw [4]int, split int) []float32 {
	return unpack(packed, ConvShape(oihw, split), convPlaces(oihw, split))
}

// PackDepthwise stores a weight in the form of DepthwiseShape.
func PackDepthwise(weight []float32, oihw [4]int) []float32 {
	return pack(weight, DepthwiseShape(oihw), depthwisePlaces(oihw))
}

// UnpackDepthwise is the inverse of PackDepthwise.
func UnpackDepthwise(packed []float32, oihw [4]int) []float32 {
	return unpack(packed, DepthwiseShape(oihw), depthwisePlaces(oihw))
}

// PackLinear stores a weight in the form of LinearShape.
func PackLinear(weight []float32, out, in int) []float32 {
	return PackConv(weight, [4]int{out, in, 1, 1}, 0)
}

// UnpackLinear is the inverse of PackLinear.
func UnpackLinear(packed []float32, out, in int) []float32 {
	return UnpackConv(packed, [4]int{out, in, 1, 1}, 0)
}

// PackVector stores a vector, such as a bias: [1, 1, 1, C] with its padding lanes.
func PackVector(v []float32) []float32 {
	packed := make([]float32, pad4(len(v)))
	copy(packed, v)
	return packed
}

// convPlaces lists where each value of a weight is stored.
func convPlaces(oihw [4]int, split int) []int {
	s := ConvShape(oihw, split)
	places := make([]int, 0, s.Elems())
	for o := range oihw[0] {
		for i := range oihw[1] {
			row := i
			if i >= split {
				row += pad4(split) - split
			}
			for y := range oihw[2] {
				for x := range oihw[3] {
					places = append(places, s.Index(y, x, row, o))
				}
			}
		}
	}
	return places
}

func depthwisePlaces(oihw [4]int) []int {
	s := DepthwiseShape(oihw)
	places := make([]int, 0, s.Elems())
	for c := range oihw[0] {
		for y := range oihw[2] {
			for x := range oihw[3] {
				places = append(places, s.Index(y, x, 0, c))
			}
		}
	}
	return places
}

func pack(weight []float32, s Shape, places []int) []float32 {
	if len(weight) != len(places) {
		panic(fmt.Sprintf("kernels: pack: %d values for %v, want %d", len(weight), s, len(places)))
	}
	packed := make([]float32, s.Padded())
	for i, p := range places {
		packed[p] = weight[i]
	}
	return packed
}

func unpack(packed []float32, s Shape, places []int) []float32 {
	if len(packed) != s.Padded() {
		panic(fmt.Sprintf("kernels: unpack: %d values for %v, want %d", len(packed), s, s.Padded()))
	}
	weight := make([]float32, len(places))
	for i, p := range places {
		weight[i] = packed[p]
	}
	return weight
}
