package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/drdc-dev/drdc/runtime/conform"
	"github.com/spf13/pflag"
)

// benchReport is what `drdc bench --json` writes.
type benchReport struct {
	Adapter  string           `json:"adapter"`
	Ceilings conform.Ceilings `json:"ceilings"`
	Rows     []conform.Row    `json:"rows"`
}

func bench() command {
	return command{
		name:    "bench",
		summary: "checks the kernels, then times them",
		long: "First two ceilings are measured: multiply-adds without memory traffic, and a copy.\n" +
			"Each case is then compared with its float64 reference and timed, the fastest of\n" +
			"several runs; a wrong result stops the command. The share is of the nearer ceiling.\n" +
			"--kernels takes a regular expression on OPERATION/CASE.\n" +
			"--model instead stores a model in every element type and shows what each costs in\n" +
			"size and output error, and how fast it loads.",
		examples: []string{"drdc bench", "drdc bench --kernels '^conv2d/'", "drdc bench --kernels matmul --json", "drdc bench --model model.drdc"},
		uses:     usesDevice,
		setup: func(flags *pflag.FlagSet) runFunc {
			kernels := flags.String("kernels", "", "only the cases whose OPERATION/CASE matches this regular expression")
			model := flags.String("model", "", "a model file: sizes, output error and loading by element type")
			return func(ctx context.Context, env *environment, _ []string) error {
				if *model != "" {
					return benchModel(ctx, env, *model)
				}
				match, err := regexp.Compile(*kernels)
				if err != nil {
					return usageError("--kernels: %w", err)
				}
				return benchKernels(ctx, env, match)
			}
		},
	}
}

func benchKernels(ctx context.Context, env *environment, match *regexp.Regexp) (err error) {
	dev, err := openDevice(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	ceilings, err := conform.MeasureCeilings(ctx, dev)
	if err != nil {
		return err
	}
	a := dev.Adapter()
	report := benchReport{Adapter: fmt.Sprintf("%s (%s, %s)", a.Name, a.Backend, a.Type), Ceilings: ceilings, Rows: []conform.Row{}}
	if !env.json {
		env.printf("ceilings: %.1f GFLOP/s multiply-add, %.1f GB/s copy\n\n", ceilings.GFLOPS, ceilings.GBPS)
		env.printf("%-52s %10s %10s %8s %7s %9s\n", "operation/case", "ms", "GFLOP/s", "GB/s", "share", "max err")
	}
	err = conform.Bench(ctx, dev, match, ceilings, func(r conform.Row) {
		report.Rows = append(report.Rows, r)
		if !env.json {
			env.printf("%-52s %10.3f %10.1f %8.2f %6.0f%% %9.1e\n", r.Name, r.MS, r.GFLOPS, r.GBPS, 100*r.CeilingShare, r.MaxErr)
		}
	})
	if err != nil {
		return err
	}
	if len(report.Rows) == 0 {
		return usageError("no case matches --kernels %q", match)
	}
	if env.json {
		return env.printJSON(report)
	}
	return nil
}
