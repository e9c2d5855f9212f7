package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/spf13/pflag"
)

// capture is an environment whose outputs a test reads.
type capture struct {
	*environment
	out, err bytes.Buffer
}

func newCapture() *capture {
	c := &capture{environment: &environment{
		build: Build{Version: "v1.2.3", Commit: "abc"},
		stdin: strings.NewReader(""),
		width: func() int { return 80 },
		now:   time.Now,
	}}
	c.stdout, c.stderr = &c.out, &c.err
	return c
}

func TestCommandLine(t *testing.T) {
	for _, test := range []struct {
		line string
		code int
		out  string // part of stdout; "" means stdout stays empty
		err  string // part of stderr
	}{
		{"", exitUsage, "", "no command given"},
		{"help", exitDone, "", "Commands:"},
		{"--help", exitDone, "", "Commands:"},
		{"-h", exitDone, "", "Commands:"},
		{"help version", exitDone, "", "Usage: drdc version"},
		{"version --help", exitDone, "", "Usage: drdc version"},
		{"version -h", exitDone, "", "Examples:"},
		{"help exit-codes", exitDone, "", "143"},
		{"help output", exitDone, "", "NO_COLOR"},
		{"help nonsense", exitUsage, "", `unknown help topic "nonsense"`},
		{"help verson", exitUsage, "", "did you mean version?"},
		{"help version devices", exitUsage, "", "wrong number of arguments (2)"},
		{"verison", exitUsage, "", `unknown command "verison": did you mean version?`},
		{"nonsense", exitUsage, "", `unknown command "nonsense" (see 'drdc help')`},
		{"version", exitDone, "", "v1.2.3"},
		{"version --json", exitDone, `"version": "v1.2.3"`, ""},
		{"--json version", exitDone, `"version": "v1.2.3"`, ""},
		{"--device cpu version --json", exitDone, `"version"`, "version makes no use of --device"},
		{"version --seed 1 --profile x", exitDone, "", "version makes no use of --profile, --seed"},
		{"version -q --seed 1", exitDone, "", "v1.2.3"},
		{"version extra", exitUsage, "", "wrong number of arguments (1), usage: drdc version"},
		{"version --nonsense", exitUsage, "", "version: unknown flag: --nonsense (see 'drdc help version')"},
		{"--nonsense version", exitUsage, "", "unknown flag: --nonsense"},
		{"bench --image model --model ../../../testdata/demo/model.drdc --passes 1 --device cpu", exitDone, "", "in kernels, idle "},
		{"bench --image huge", exitUsage, "", "--image: model: refiner: unet: preset \"huge\""},
		{"bench --image tiny --model x.drdc", exitUsage, "", "--image \"tiny\", want model"},
		{"bench --tune --device cpu", exitDone, "", "Uniform memory is read "},
		{"bench --step x", exitUsage, "", "unknown network of a step \"x\""},
		{"bench --step base --passes 0", exitUsage, "", "--passes 0, want 1 or more"},
		{"version --device gpu", exitUsage, "", `"gpu" is not auto, cpu, reference or an index`},
		{"version --device -1", exitUsage, "", `"-1" is not auto`},
		{"version --device 3", exitDone, "", "v1.2.3"},
		{"version --seed -1", exitUsage, "", "seed"},
		{"version --quiet --verbose", exitUsage, "", "--quiet and --verbose exclude each other"},
		{"completion", exitUsage, "", "wrong number of arguments (0)"},
		{"completion tcsh", exitUsage, "", "bash, fish, powershell, zsh"},
		{"completion bash zsh", exitUsage, "", "want one of"},
		{"completion bash", exitDone, "complete -o default -F _drdc drdc", ""},
		{"completion candidates --current=ver --", exitDone, "version\n", ""},
	} {
		t.Run(test.line, func(t *testing.T) {
			c := newCapture()
			code := run(t.Context(), c.environment, strings.Fields(test.line))
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if out := c.out.String(); !strings.Contains(out, test.out) || test.out == "" && out != "" {
				t.Errorf("stdout %q, want %q", out, test.out)
			}
			if err := c.err.String(); !strings.Contains(err, test.err) || test.err == "" && err != "" {
				t.Errorf("stderr %q, want %q", err, test.err)
			}
		})
	}
}

func TestExitCode(t *testing.T) {
	ended := func(cause error) context.Context {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(cause)
		return ctx
	}
	fine := context.Background()
	failure := errors.New("failure")
	for _, test := range []struct {
		name string
		ctx  context.Context
		err  error
		want int
	}{
		{"done", fine, nil, 0},
		{"unusable input", fine, failure, 1},
		{"usage", fine, usageError("no"), 1},
		{"some failed", fine, fmt.Errorf("detect: %w", &exitError{exitSomeFailed, failure}), 2},
		{"anomalies", fine, &exitError{exitAnomalies, failure}, 3},
		{"no adapter", fine, fmt.Errorf("a: %w", gpu.ErrNoAdapter), 4},
		{"device lost", fine, fmt.Errorf("a: %w", gpu.ErrLost), 4},
		{"interrupted", ended(signalError{syscall.SIGINT}), context.Canceled, 130},
		{"terminated", ended(signalError{syscall.SIGTERM}), context.Canceled, 143},
		{"done before the signal mattered", ended(signalError{syscall.SIGTERM}), nil, 0},
		{"ended by something else", ended(failure), context.Canceled, 1},
	} {
		if got := exitCode(test.ctx, test.err); got != test.want {
			t.Errorf("%s: exit code %d, want %d", test.name, got, test.want)
		}
	}
}

// TestCommandTable holds every command to what the help promises.
func TestCommandTable(t *testing.T) {
	overview := newCapture()
	writeOverview(overview.environment)
	seen := map[string]bool{}
	for _, c := range commands() {
		t.Run(c.name, func(t *testing.T) {
			if seen[c.name] {
				t.Error("listed twice")
			}
			seen[c.name] = true
			if shown := strings.Contains(overview.err.String(), "  "+c.name+" "); shown == c.hidden {
				t.Errorf("in the overview: %v, hidden: %v", shown, c.hidden)
			}
			if c.summary == "" || strings.HasSuffix(c.summary, ".") || strings.Contains(c.summary, "\n") {
				t.Errorf("summary %q is not one line without a full stop", c.summary)
			}
			if len(c.examples) == 0 {
				t.Error("no examples")
			}
			page := newCapture()
			writeCommand(page.environment, c)
			for _, e := range c.examples {
				if !strings.Contains(e, "drdc "+c.name) {
					t.Errorf("example %q does not run the command", e)
				}
				if !strings.Contains(page.err.String(), e) {
					t.Errorf("example %q is not on the page", e)
				}
			}
			own, common := flagSet(c.name), flagSet(c.name)
			c.setup(own)
			new(environment).declare(common)
			own.VisitAll(func(f *pflag.Flag) {
				if common.Lookup(f.Name) != nil || f.Shorthand != "" && common.ShorthandLookup(f.Shorthand) != nil {
					t.Errorf("--%s is a common flag", f.Name)
				}
				if !f.Hidden && !strings.Contains(page.err.String(), "--"+f.Name) {
					t.Errorf("--%s is not on the page", f.Name)
				}
			})
		})
	}
}

func TestDescribe(t *testing.T) {
	info := &debug.BuildInfo{
		Deps:     []*debug.Module{{Path: "example.org/other", Version: "v9.0.0"}, {Path: bindingModule, Version: "v0.23.0"}},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "def"}},
	}
	for _, test := range []struct {
		name                     string
		build                    Build
		info                     *debug.BuildInfo
		version, commit, binding string
	}{
		{"make build", Build{"v1.2.3", "abc"}, info, "v1.2.3", "abc", "v0.23.0"},
		{"go build", Build{}, info, "devel", "def", "v0.23.0"},
		{"nothing known", Build{}, &debug.BuildInfo{}, "devel", "unknown", "unknown"},
	} {
		v := describe(test.build, test.info)
		if v.Version != test.version || v.Commit != test.commit || v.Binding.Version != test.binding {
			t.Errorf("%s: %+v", test.name, v)
		}
	}
}

func TestVersionJSON(t *testing.T) {
	c := newCapture()
	if code := run(t.Context(), c.environment, []string{"version", "--json"}); code != 0 {
		t.Fatalf("exit code %d: %s", code, c.err.String())
	}
	var got struct {
		Version, Commit, Go, OS, Arch string
		Binding                       struct{ Module, Version string }
		Formats                       struct{ Model int }
	}
	dec := json.NewDecoder(&c.out)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Version != "v1.2.3" || got.Commit != "abc" || !strings.HasPrefix(got.Go, "go1.") || got.OS == "" || got.Arch == "" ||
		got.Binding.Module != bindingModule || got.Binding.Version == "" || got.Formats.Model < 1 {
		t.Errorf("got %+v", got)
	}
}

func TestQuietAndVerbose(t *testing.T) {
	for _, test := range []struct {
		name           string
		quiet, verbose bool
		want           string
	}{
		{"neither", false, false, "note\nresult\nwarning: warning\n"},
		{"quiet", true, false, "result\nwarning: warning\n"},
		{"verbose", false, true, "note\ndetail\nresult\nwarning: warning\n"},
	} {
		c := newCapture()
		c.quiet, c.verbose = test.quiet, test.verbose
		c.notef("note")
		c.detailf("detail")
		c.printf("result\n")
		c.warnf("warning")
		if got := c.err.String(); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestPaint(t *testing.T) {
	c := newCapture()
	if got := c.paint(red, "x"); got != "x" {
		t.Errorf("without colours: %q", got)
	}
	c.color = true
	if got := c.paint(red, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("with colours: %q", got)
	}
}
