package fusion

// trimmedMean leaves the smallest and the largest error map out of the mean at each
// pixel; of one or two maps it is their mean.
func trimmedMean(c Config) Builtin {
	return Builtin{name: "trimmed-mean", config: c, join: trimmedMeanOf}
}

func trimmedMeanOf(dst []float32, maps []Map) {
	if len(maps) < 3 {
		meanOf(dst, maps)
		return
	}
	sumOf(dst, maps)
	largest := make([]float32, len(dst))
	largestOf(largest, maps)
	n := float32(len(maps) - 2)
	for p, sum := range dst {
		smallest := maps[0].Val[p]
		for _, m := range maps[1:] {
			smallest = min(smallest, m.Val[p])
		}
		dst[p] = (sum - smallest - largest[p]) / n
	}
}
