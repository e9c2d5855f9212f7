package detect

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
