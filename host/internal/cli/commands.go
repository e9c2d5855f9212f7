package cli

// commands is the table of commands, in the order of the help text.
func commands() []command {
	return []command{
		devices(),
		detect(),
		demonstrate(),
		evaluate(),
		calibrate(),
		teach(),
		convert(),
		inspect(),
		export(),
		runNet(),
		synthesise(),
		serveWeb(),
		plugins(),
		bench(),
		serveWorker(),
		completion(),
		version(),
		help(),
	}
}

// find returns the command of that name.
func find(name string) (command, bool) {
	for _, c := range commands() {
		if c.name == name {
			return c, true
		}
	}
	return command{}, false
}
