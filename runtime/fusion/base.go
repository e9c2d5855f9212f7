package fusion

// base is the base map alone.
func base(c Config) builtin { return builtin{name: "base", config: c} }
