package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	goruntime "runtime"
	"time"

	"golang.org/x/term"
)

// environment is what a command sees of the outside world.
type environment struct {
	common
	build    Build
	stdin    io.Reader
	stdout   io.Writer // machine output only
	stderr   io.Writer // everything for people
	terminal bool      // stderr is a terminal
	color    bool      // and takes colours
	width    func() int
	now      func() time.Time
}

// systemEnvironment connects a command to this process.
func systemEnvironment(build Build) *environment {
	fd := int(os.Stderr.Fd())
	terminal := term.IsTerminal(fd) && os.Getenv("TERM") != "dumb"
	return &environment{
		build:    build,
		stdin:    os.Stdin,
		stdout:   os.Stdout,
		stderr:   os.Stderr,
		terminal: terminal,
		// The Windows console shows escape codes as text unless told otherwise.
		color: terminal && os.Getenv("NO_COLOR") == "" && goruntime.GOOS != "windows",
		width: func() int {
			w, _, err := term.GetSize(fd)
			if err != nil {
				return 80
			}
			return w
		},
		now: time.Now,
	}
}

// printJSON writes one JSON document on stdout.
func (e *environment) printJSON(v any) error {
	enc := json.NewEncoder(e.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printf writes a result for people, even with --quiet.
func (e *environment) printf(format string, args ...any) { fmt.Fprintf(e.stderr, format, args...) }

// notef writes a line that --quiet leaves out.
func (e *environment) notef(format string, args ...any) {
	if !e.quiet {
		fmt.Fprintf(e.stderr, format+"\n", args...)
	}
}

// detailf writes a line that only --verbose shows.
func (e *environment) detailf(format string, args ...any) {
	if e.verbose {
		fmt.Fprintf(e.stderr, format+"\n", args...)
	}
}

// warnf writes a line that is always shown.
func (e *environment) warnf(format string, args ...any) {
	fmt.Fprintf(e.stderr, e.paint(yellow, "warning:")+" "+format+"\n", args...)
}

// An escape code of the terminal.
const (
	bold   = "\x1b[1m"
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
)

// paint puts text between an escape code and its end, if colours are on.
func (e *environment) paint(code, text string) string {
	if !e.color {
		return text
	}
	return code + text + "\x1b[0m"
}
