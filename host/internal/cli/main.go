package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Build is what the linker knows of a binary; fields may be empty.
type Build struct {
	Version string // of the tagged source, or "" for a plain `go build`
	Commit  string // of the source, hexadecimal
}

// Main runs one command line (without the program's name) in this process and
// returns its exit code.
func Main(build Build, args []string) int {
	ctx, stop := withSignals(context.Background())
	defer stop()
	env := systemEnvironment(build)
	if err := quietVulkan(); err != nil {
		env.warnf("%v", err)
	}
	return run(ctx, env, args)
}

// run does a command line and reports its error.
func run(ctx context.Context, env *environment, args []string) int {
	err := dispatch(ctx, env, args)
	if err != nil {
		env.printf("%s %v\n", env.paint(red, "drdc:"), err)
	}
	return exitCode(ctx, err)
}

// dispatch finds the command, reads its flags and runs it.
func dispatch(ctx context.Context, env *environment, args []string) error {
	before, name, after, err := split(args)
	if errors.Is(err, pflag.ErrHelp) {
		writeOverview(env)
		return nil
	}
	if err != nil {
		return usageError("%w", err)
	}
	if name == "" {
		writeOverview(env)
		return usageError("no command given")
	}
	c, ok := find(name)
	if !ok {
		return unknown("command", name, commandNames())
	}

	flags := flagSet(c.name)
	work := c.setup(flags)
	env.declare(flags)
	switch err := flags.Parse(slices.Concat(before, after)); {
	case errors.Is(err, pflag.ErrHelp):
		writeCommand(env, c)
		return nil
	case err != nil:
		return usageError("%s: %w (see 'drdc help %s')", c.name, err, c.name)
	}
	if err := env.check(); err != nil {
		return err
	}
	if n := flags.NArg(); n < c.minArgs || c.maxArgs >= 0 && n > c.maxArgs {
		return usageError("%s: wrong number of arguments (%d), usage: %s", c.name, n, usage(c))
	}
	if names := unused(flags, c.uses); len(names) > 0 && !env.quiet {
		env.warnf("%s makes no use of %s", c.name, strings.Join(names, ", "))
	}
	return work(ctx, env, flags.Args())
}

// split cuts a command line at the command's name; common flags may stand
// before it.
func split(args []string) (before []string, name string, after []string, err error) {
	flags := flagSet("drdc")
	flags.SetInterspersed(false)
	new(common).declare(flags)
	if err := flags.Parse(args); err != nil {
		return nil, "", nil, err
	}
	rest := flags.Args()
	if len(rest) == 0 {
		return args, "", nil, nil
	}
	return args[:len(args)-len(rest)], rest[0], rest[1:], nil
}

// flagSet is an empty set that leaves all writing to its caller.
func flagSet(name string) *pflag.FlagSet {
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.SortFlags = false
	flags.Usage = func() {}
	return flags
}

// unknown reports a word that is in no table, with the nearest that are.
func unknown(kind, word string, known []string) error {
	near := nearest(word, known)
	if len(near) == 0 {
		return usageError("unknown %s %q (see 'drdc help')", kind, word)
	}
	return usageError("unknown %s %q: did you mean %s?", kind, word, strings.Join(near, " or "))
}

// usage is the one-line form of a command.
func usage(c command) string {
	return strings.TrimRight(fmt.Sprintf("drdc %s %s", c.name, c.args), " ")
}
