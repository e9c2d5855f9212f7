package detect

// lanes splits a tensor of n channels, which are padded to four, into its channels.
func lanes(v []float32, n int) [][]float32 {
	stride := (n + 3) / 4 * 4
	out := make([][]float32, n)
	for i := range out {
		out[i] = make([]float32, len(v)/stride)
	}
	for p := range len(v) / stride {
		for i, x := range v[p*stride:][:n] {
			out[i][p] = x
		}
	}
	return out
}
