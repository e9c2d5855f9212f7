package imgio

import "fmt"

// Lanes is the number of float32 values of a pixel in network input: red, green, blue and one zero, because
// activations are stored channels innermost and padded to a multiple of 4.
const Lanes = 4

// Normalization maps 8-bit channels to network input.
type Normalization struct{ table [3][256]float32 }

// Standard is (x/255 - mean)/std for each colour, each step rounded to float32 as torchvision does. std is above 0.
func Standard(mean, std [3]float64) *Normalization {
	n := new(Normalization)
	for c := range n.table {
		for v := range n.table[c] {
			centred := float32(v)/255 - float32(mean[c])
			n.table[c][v] = centred / float32(std[c])
		}
	}
	return n
}

// ImageNet is the input of backbones trained on ImageNet (method section 5): [Standard] with mean (0.485, 0.456, 0.406)
// and std (0.229, 0.224, 0.225).
func ImageNet() *Normalization {
	return Standard([3]float64{0.485, 0.456, 0.406}, [3]float64{0.229, 0.224, 0.225})
}

// Signed is the input of the diffusion network (method section 5): x/127.5 - 1, in -1..1.
func Signed() *Normalization {
	n := new(Normalization)
	for c := range n.table {
		for v := range n.table[c] {
			n.table[c][v] = float32(v)/127.5 - 1
		}
	}
	return n
}

// Apply writes src to dst as [H,W,4], the fourth lane 0. It wraps [ErrSize] unless dst has H*W*4 values.
func (n *Normalization) Apply(dst []float32, src *RGB) error {
	if err := src.check(); err != nil {
		return fmt.Errorf("imgio: normalise: %w", err)
	}
	if len(dst) != Lanes*src.W*src.H {
		return fmt.Errorf("imgio: normalise: %w: %d values for %d x %d px, want %d", ErrSize, len(dst), src.W, src.H,
			Lanes*src.W*src.H)
	}
	for i, p := 0, src.Pix; i < len(dst); i, p = i+Lanes, p[3:] {
		dst[i], dst[i+1], dst[i+2], dst[i+3] = n.table[0][p[0]], n.table[1][p[1]], n.table[2][p[2]], 0
	}
	return nil
}
