package fusion

// refined is the mean of all error maps, smoothed (Eq. 15, 16), without the base map.
func refined(c Config) Builtin {
	return Builtin{name: "refined", config: c, join: meanOf, skipBase: true}
}
