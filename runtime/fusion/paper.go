package fusion

// paper is Eq. 15 to 17: the mean of all error maps, smoothed, and the base map.
func paper(c Config) Builtin { return Builtin{name: "paper", config: c, join: meanOf} }

func meanOf(dst []float32, maps []Map) {
	sumOf(dst, maps)
	n := float32(len(maps))
	for p := range dst {
		dst[p] /= n
	}
}

func sumOf(dst []float32, maps []Map) {
	clear(dst)
	for _, m := range maps {
		for p, v := range m.Val {
			dst[p] += v
		}
	}
}
