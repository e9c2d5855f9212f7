package cli

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/pflag"
)

// common holds the flags that every command takes.
type common struct {
	device  string // "auto", "cpu", "reference" or an index of `drdc devices`
	json    bool
	quiet   bool
	verbose bool
	seed    uint64
	profile string // file name; empty means no profile
}

// declare adds the common flags to a command's set.
func (c *common) declare(flags *pflag.FlagSet) {
	c.device = "auto"
	flags.Var((*deviceValue)(&c.device), "device", "auto, cpu, reference, or an index from 'drdc devices'")
	offer(flags, "device", "auto", "cpu", "reference")
	flags.BoolVar(&c.json, "json", false, "write the result as JSON on stdout")
	flags.BoolVarP(&c.quiet, "quiet", "q", false, "no progress and no notes")
	flags.BoolVarP(&c.verbose, "verbose", "v", false, "more notes")
	flags.Uint64Var(&c.seed, "seed", 0, "seed of all random numbers")
	flags.StringVar(&c.profile, "profile", "", "write per-kernel times as JSON to this file")
}

// check refuses combinations that contradict each other.
func (c *common) check() error {
	if c.quiet && c.verbose {
		return usageError("--quiet and --verbose exclude each other")
	}
	return nil
}

// partial lists the common flags that only some commands use.
func partial() map[string]commonFlags {
	return map[string]commonFlags{"device": usesDevice, "seed": usesSeed, "profile": usesProfile}
}

// hideUnused leaves the common flags that do nothing in a command out of its
// help and its completion. It takes them all the same, so that a script can
// give every command the same flags.
func hideUnused(flags *pflag.FlagSet, uses commonFlags) {
	for name, bit := range partial() {
		flags.Lookup(name).Hidden = uses&bit == 0
	}
}

// unused lists the common flags that were given but do nothing in a command.
func unused(flags *pflag.FlagSet, uses commonFlags) []string {
	var names []string
	for name, bit := range partial() {
		if uses&bit == 0 && flags.Changed(name) {
			names = append(names, "--"+name)
		}
	}
	slices.Sort(names)
	return names
}

// deviceValue is a flag that takes a device by kind or by index.
type deviceValue string

func (d *deviceValue) String() string { return string(*d) }
func (d *deviceValue) Type() string   { return "DEVICE" }

func (d *deviceValue) Set(s string) error {
	switch s {
	case "auto", "cpu", "reference":
	default:
		if n, err := strconv.Atoi(s); err != nil || n < 0 {
			return fmt.Errorf("%q is not auto, cpu, reference or an index from 'drdc devices'", s)
		}
	}
	*d = deviceValue(s)
	return nil
}
