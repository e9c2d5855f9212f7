package fusion

// refined is the mean of all error maps, smoothed (Eq. 15, 16), without the base map.
func refined(c Config) builtin {
	return builtin{name: "refined", config: c, join: meanOf, joinGraph: meanChannel, skipBase: true}
}
