package cli

import (
	"context"

	"github.com/spf13/pflag"
)

// command is one row of the table: what a name on the command line does.
type command struct {
	name     string
	summary  string   // one line, lower case, no full stop
	args     string   // the arguments in the usage line: "MODEL [-o OUT] PATH..."
	long     string   // paragraphs of help after the summary; may be empty
	examples []string // command lines that work as they stand

	hidden           bool            // left out of the overview and of completion
	minArgs, maxArgs int             // how many arguments; maxArgs < 0 means any number
	choices          func() []string // words completion offers as the first argument; nil means files
	uses             commonFlags     // the common flags that change what it does

	// setup declares the command's own flags and returns what runs with them.
	setup func(flags *pflag.FlagSet) runFunc
}

// runFunc does the work. The context ends at SIGINT and SIGTERM.
type runFunc func(ctx context.Context, env *environment, args []string) error

// commonFlags names the common flags that only some commands use. --json,
// --quiet and --verbose belong to all.
type commonFlags uint8

const (
	usesDevice commonFlags = 1 << iota
	usesSeed
	usesProfile
)
