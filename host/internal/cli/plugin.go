package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/drdc-dev/drdc/host/internal/plugin"
	"github.com/drdc-dev/drdc/runtime/fusion"
	"github.com/drdc-dev/drdc/wasm/abi"
	"github.com/drdc-dev/drdc/wasm/admit"
	"github.com/spf13/pflag"
)

// pluginReport is what `drdc plugin check|info|bench --json` writes.
type pluginReport struct {
	File    string         `json:"file"`
	SHA256  string         `json:"sha256"`
	ABI     int            `json:"abi"`
	Anatomy admit.Anatomy  `json:"anatomy"`
	Trials  []plugin.Trial `json:"trials,omitempty"` // of check
	Times   *pluginTimes   `json:"times,omitempty"`  // of bench
}

// pluginTimes are the fastest of several runs.
type pluginTimes struct {
	Image     string  `json:"image"`
	ScanMS    float64 `json:"scan_ms"`
	OpenMS    float64 `json:"open_ms"`     // scan, compile, start
	CachedMS  float64 `json:"cached_ms"`   // the same from the cache of compiled modules
	FuseMS    float64 `json:"fuse_ms"`     // the image
	BuiltinMS float64 `json:"built_in_ms"` // the same image by the built-in rule "paper" on the CPU
	Vs        float64 `json:"vs_built_in"` // fuse_ms / built_in_ms
}

// pluginFlags are the flags of all three.
type pluginFlags struct {
	params   []string
	sha256   string
	deadline time.Duration
	size     int
	maps     int
}

func plugins() command {
	return command{
		name:    "plugin",
		summary: "checks, describes or times a fusion rule that is a WebAssembly module",
		args:    "check|info|bench FILE.wasm",
		long: "check scans the file, starts it and runs it on made-up images: results must be usable\n" +
			"and the same again, bit for bit, compiled and interpreted. info shows digest, sizes,\n" +
			"imports and exports. bench times an image. A rule reaches no file, network, clock or\n" +
			"variable; wasm/plugins/README.md shows how to write one.",
		examples: []string{
			"drdc plugin check rule.wasm",
			"drdc plugin check --rule-param left=12 rule.wasm",
			"drdc plugin info rule.wasm --json | jq -r .sha256",
			"drdc plugin bench rule.wasm",
		},
		minArgs: 2, maxArgs: 2,
		choices: pluginVerbs,
		setup: func(flags *pflag.FlagSet) runFunc {
			var f pluginFlags
			flags.StringArrayVar(&f.params, "rule-param", nil, "key=value for the rule; may be given many times")
			flags.StringVar(&f.sha256, "plugin-sha256", "", "refuse a file with another digest (hexadecimal)")
			flags.DurationVar(&f.deadline, "plugin-deadline", abi.DefaultDeadline, "time that one image may take")
			flags.IntVar(&f.size, "size", 224, "bench: pixels of a side of the image")
			flags.IntVar(&f.maps, "maps", 40, "bench: refined maps of the image")
			return func(ctx context.Context, env *environment, args []string) error {
				return runPlugin(ctx, env, args[0], args[1], f)
			}
		},
	}
}

func pluginVerbs() []string { return []string{"bench", "check", "info"} }

func runPlugin(ctx context.Context, env *environment, verb, file string, f pluginFlags) error {
	if !slices.Contains(pluginVerbs(), verb) {
		return unknown("plugin verb", verb, pluginVerbs())
	}
	if f.size < 1 || f.size > 1024 || f.maps < 0 || f.maps > 1000 {
		return usageError("--size %d --maps %d: want 1 to 1024 pixels and 0 to 1000 maps", f.size, f.maps)
	}
	rule := plugin.RuleOptions{Name: filepath.Base(file), Config: fusion.Default()}
	for _, text := range f.params {
		p, err := abi.ParseParam(text)
		if err != nil {
			return usageError("--rule-param: %w", err)
		}
		rule.Params = append(rule.Params, p)
	}
	module, err := plugin.ReadFile(file)
	if err != nil {
		return err
	}
	opts := plugin.Options{SHA256: f.sha256, Deadline: f.deadline}
	p, err := plugin.Open(ctx, module, opts)
	if err != nil {
		return withLog(env, fmt.Errorf("%s: %w", file, err))
	}
	r := pluginReport{File: file, SHA256: p.Digest(), ABI: abi.Version, Anatomy: p.Anatomy()}
	if err := p.Close(ctx); err != nil {
		return err
	}

	switch verb {
	case "check":
		r.Trials, err = plugin.Check(ctx, module, opts, rule)
	case "bench":
		r.Times, err = benchPlugin(ctx, module, opts, rule, f)
	}
	if err != nil {
		return withLog(env, fmt.Errorf("%s: %w", file, err))
	}
	if env.json {
		return env.printJSON(r)
	}
	return writePlugin(env, r)
}

// withLog shows what a rule wrote before it failed.
func withLog(env *environment, err error) error {
	if e, ok := errors.AsType[*plugin.GuestError](err); ok && e.Log != "" {
		env.printf("the rule wrote:\n%s\n\n", e.Log)
	}
	return err
}

func writePlugin(env *environment, r pluginReport) error {
	w := tabwriter.NewWriter(env.stderr, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", env.paint(bold, name), fmt.Sprintf(format, args...))
	}
	a := r.Anatomy
	row("file", "%s, %s", r.File, bytesText(uint64(a.Bytes)))
	row("sha256", "%s", r.SHA256)
	row("contract", "version %d", r.ABI)
	row("functions", "%s, the largest of %s", thousands(a.Functions), bytesText(uint64(a.LargestBody)))
	row("memory", "%s at the start, at most %s", bytesText(uint64(a.MemoryPages)<<16), bytesText(admit.MemoryPages<<16))
	row("imports", "%s", importsText(a.Imports))
	row("exports", "%s", strings.Join(a.Exports, " "))
	if t := r.Times; t != nil {
		row("image", "%s", t.Image)
		row("scan", "%.2f ms", t.ScanMS)
		row("open", "%.1f ms, %.1f ms from the cache", t.OpenMS, t.CachedMS)
		row("fuse", "%.2f ms", t.FuseMS)
		row("built-in", "%.2f ms: the rule takes %.2f times as long", t.BuiltinMS, t.Vs)
	}
	for _, t := range r.Trials {
		switch {
		case t.Refused != "":
			row("image", "%s: refused: %s", t.Image, t.Refused)
		default:
			row("image", "%s: score %.4g, %.2f ms%s", t.Image, t.Score, 1e3*t.Seconds, numbersText(t.Numbers))
		}
	}
	if len(r.Trials) > 0 {
		row("check", "passed: usable, the same again, compiled as interpreted")
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, t := range r.Trials {
		if t.Log != "" {
			env.notef("\nwritten by the rule, %s:\n%s", t.Image, t.Log)
		}
	}
	return nil
}

// importsText names our own functions and counts those of WASI, which are always the same.
func importsText(imports []string) string {
	ours := slices.DeleteFunc(slices.Clone(imports), func(name string) bool { return strings.HasPrefix(name, abi.WASI+".") })
	if n := len(imports) - len(ours); n > 0 {
		ours = append(ours, fmt.Sprintf("and %d of %s", n, abi.WASI))
	}
	return strings.Join(ours, " ")
}

// numbersText is ", name 1, other 2".
func numbersText(numbers map[string]float64) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		fmt.Fprintf(&b, ", %s %.4g", name, numbers[name])
	}
	return b.String()
}

// benchPlugin times the steps of a rule's life.
func benchPlugin(ctx context.Context, module []byte, opts plugin.Options, rule plugin.RuleOptions, f pluginFlags) (times *pluginTimes, err error) {
	opts.CacheDir, err = os.MkdirTemp("", "drdc-plugin-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(opts.CacheDir)) }()

	t := &pluginTimes{Image: fmt.Sprintf("%d x %d px, %d refined maps and a base map", f.size, f.size, f.maps)}
	stack := plugin.Sample(f.size, f.size, f.maps, true)
	if t.ScanMS, err = fastest(5, func() error { _, err := admit.Scan(module); return err }); err != nil {
		return nil, err
	}
	openClose := func() error {
		p, err := plugin.Open(ctx, module, opts)
		if err != nil {
			return err
		}
		return p.Close(ctx)
	}
	// The first fills the cache.
	if t.OpenMS, err = fastest(1, openClose); err != nil {
		return nil, err
	}
	if t.CachedMS, err = fastest(3, openClose); err != nil {
		return nil, err
	}
	p, err := plugin.Open(ctx, module, opts)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close(ctx)) }()
	r, err := plugin.NewRule(p, rule)
	if err != nil {
		return nil, err
	}
	if t.FuseMS, err = fastest(10, func() error { _, err := r.Fuse(ctx, stack); return err }); err != nil {
		return nil, err
	}
	name := "paper"
	if f.maps == 0 {
		name = "base"
	}
	builtin, err := fusion.New(name, rule.Config)
	if err != nil {
		return nil, err
	}
	if t.BuiltinMS, err = fastest(10, func() error { _, err := builtin.Fuse(ctx, stack); return err }); err != nil {
		return nil, err
	}
	t.Vs = t.FuseMS / t.BuiltinMS
	return t, nil
}

// fastest runs f n times and returns the milliseconds of the fastest.
func fastest(n int, f func() error) (ms float64, err error) {
	for i := range n {
		start := time.Now()
		if err := f(); err != nil {
			return 0, err
		}
		if took := float64(time.Since(start)) / 1e6; i == 0 || took < ms {
			ms = took
		}
	}
	return ms, nil
}
