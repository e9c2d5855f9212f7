package fusion

// base is the base map alone.
func base(c Config) Builtin { return Builtin{name: "base", config: c} }
