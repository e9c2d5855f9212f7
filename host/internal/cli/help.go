package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"
)

func help() command {
	return command{
		name:    "help",
		summary: "explains a command or a topic",
		args:    "[TOPIC]",
		maxArgs: 1,
		choices: func() []string {
			words := commandNames()
			for _, t := range topics() {
				words = append(words, t.name)
			}
			return words
		},
		examples: []string{"drdc help", "drdc help devices", "drdc help exit-codes"},
		setup: func(*pflag.FlagSet) runFunc {
			return func(_ context.Context, env *environment, args []string) error {
				if len(args) == 0 {
					writeOverview(env)
					return nil
				}
				return explain(env, args[0])
			}
		},
	}
}

// topic is a page of help about no single command.
type topic struct{ name, summary, text string }

func topics() []topic {
	return []topic{
		{"exit-codes", "what a script can tell from the exit code", `  0    done
  1    wrong usage or unusable input; nothing was run
  2    some images failed, the others are done
  3    anomalies found, and --fail-on-anomaly was given
  4    no usable device, or it was lost for good
  130  stopped by SIGINT (Ctrl-C); resumable
  143  stopped by SIGTERM; resumable
`},
		{"output", "what goes to stdout and what to stderr", `Stdout carries machine output only: JSON with --json, and completion scripts.
Everything for people goes to stderr: tables, notes, progress, errors, help.
Progress is a bar on a terminal and plain lines otherwise; --quiet leaves it
out. NO_COLOR=1 in the environment turns colours off.
`},
	}
}

// explain writes the page of a command or a topic.
func explain(env *environment, name string) error {
	if c, ok := find(name); ok {
		writeCommand(env, c)
		return nil
	}
	for _, t := range topics() {
		if t.name == name {
			env.printf("%s\n\n%s", t.summary, t.text)
			return nil
		}
	}
	return unknown("help topic", name, help().choices())
}

// commandNames lists the commands that users call, in the order of the table.
func commandNames() []string {
	var names []string
	for _, c := range commands() {
		if !c.hidden {
			names = append(names, c.name)
		}
	}
	return names
}

// writeOverview writes the page of `drdc help`.
func writeOverview(env *environment) {
	env.printf("drdc finds anomalies in images with a model that runs on any WebGPU device\n\n")
	env.printf("%s drdc COMMAND [flags] [arguments]\n\n", env.paint(bold, "Usage:"))
	env.printf("%s\n", env.paint(bold, "Commands:"))
	for _, c := range commands() {
		if !c.hidden {
			env.printf("  %-12s %s\n", c.name, c.summary)
		}
	}
	env.printf("\n%s\n", env.paint(bold, "Topics:"))
	for _, t := range topics() {
		env.printf("  %-12s %s\n", t.name, t.summary)
	}
	env.printf("\n'drdc help COMMAND' shows its flags and examples.\n")
}

// writeCommand writes the page of one command.
func writeCommand(env *environment, c command) {
	own := flagSet(c.name)
	c.setup(own)
	shared := flagSet(c.name)
	new(common).declare(shared)
	shared.BoolP("help", "h", false, "show this page")
	hideUnused(shared, c.uses)

	env.printf("drdc %s %s\n\n", c.name, c.summary)
	env.printf("%s %s\n", env.paint(bold, "Usage:"), usage(c))
	if c.long != "" {
		env.printf("\n%s\n", strings.TrimSpace(c.long))
	}
	env.printf("\n%s\n", env.paint(bold, "Examples:"))
	for _, e := range c.examples {
		env.printf("  %s\n", e)
	}
	writeFlags(env.stderr, env.paint(bold, "Flags:"), own)
	writeFlags(env.stderr, env.paint(bold, "Common flags:"), shared)
}

// writeFlags writes a set under its heading, or nothing for an empty set.
func writeFlags(w io.Writer, heading string, flags *pflag.FlagSet) {
	if flags.HasAvailableFlags() {
		fmt.Fprintf(w, "\n%s\n%s", heading, flags.FlagUsagesWrapped(100))
	}
}
