package fusion

// maximum takes the largest error map at each pixel in place of their mean.
func maximum(c Config) Builtin { return Builtin{name: "max", config: c, join: largestOf} }

func largestOf(dst []float32, maps []Map) {
	copy(dst, maps[0].Val)
	for _, m := range maps[1:] {
		for p, v := range m.Val {
			dst[p] = max(dst[p], v)
		}
	}
}
