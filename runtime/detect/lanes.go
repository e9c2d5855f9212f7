package detect

import "github.com/drdc-dev/drdc/runtime/imgio"

// lane takes value i of every stride values: a channel of a padded tensor.
func lane(v []float32, i, stride int) []float32 {
	out := make([]float32, len(v)/stride)
	for p := range out {
		out[p] = v[p*stride+i]
	}
	return out
}

// spread gives every value four lanes, the last three zero.
func spread(v []float32) []float32 {
	out := make([]float32, 4*len(v))
	for i, x := range v {
		out[4*i] = x
	}
	return out
}

// normalise is (x/255 - mean)/std of every channel, each step rounded to float32, in
// four lanes.
func normalise(m *imgio.RGB, mean, std [3]float64) []float32 {
	var table [3][256]float32
	for c := range table {
		for v := range table[c] {
			centred := float32(v)/255 - float32(mean[c])
			table[c][v] = centred / float32(std[c])
		}
	}
	out := make([]float32, len(m.Pix)/3*4)
	for i := range len(m.Pix) / 3 {
		for c := range 3 {
			out[4*i+c] = table[c][m.Pix[3*i+c]]
		}
	}
	return out
}
