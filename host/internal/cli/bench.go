package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/drdc-dev/drdc/runtime/conform"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/runtime/graph"
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
			"--net instead times a whole U-Net, cold and warm, with the share of every kernel: a\n" +
			"preset (tiny, small, base, adm, unet58) with weights drawn from --seed, or with --model\n" +
			"the part \"refiner\" of that file. --check compares it with its float64 reference first.\n" +
			"--image instead times the whole method on an image, first and warm, and how long no kernel\n" +
			"ran: the published model with a U-Net of that preset and drawn weights, or with --model\n" +
			"and the word \"model\" that file.\n" +
			"--step instead times a training step of an untrained network, base or refiner, beside a\n" +
			"forward pass of the same batch, in turns, and each kernel of the step.\n" +
			"--model alone stores a model in every element type and shows what each costs in\n" +
			"size and output error, and how fast it loads.\n" +
			"--tune measures anew how fast a CPU adapter reads its two kinds of memory, by which\n" +
			"kernels are chosen. The first command on an adapter does so, and keeps it in the\n" +
			"user's cache folder.",
		examples: []string{
			"drdc bench", "drdc bench --kernels '^conv2d/'", "drdc bench --kernels matmul --json",
			"drdc bench --net unet58 --check", "drdc bench --net refiner --model model.drdc --json", "drdc bench --step refiner",
			"drdc bench --image small", "drdc bench --image model --model model.drdc",
			"drdc bench --model model.drdc", "drdc bench --tune",
		},
		uses: usesDevice | usesSeed,
		setup: func(flags *pflag.FlagSet) runFunc {
			kernels := flags.String("kernels", "", "only the cases whose OPERATION/CASE matches this regular expression")
			var net netFlags
			flags.StringVar(&net.model, "model", "", "a model file: sizes, output error and loading by element type, or what --net times")
			flags.StringVar(&net.net, "net", "", "the U-Net to time: tiny, small, base, adm, unet58, or refiner with --model")
			offer(flags, "net", "tiny", "small", "base", "adm", "unet58", "refiner")
			flags.StringVar(&net.dtype, "dtype", "f32", "how --net stores the weights of convolutions: f32 or f16")
			offer(flags, "dtype", "f32", "f16")
			flags.IntVar(&net.size, "size", 0, "pixels of a side for --net (default that of the network)")
			flags.IntVar(&net.images, "images", 1, "images of a pass for --net")
			flags.IntVar(&net.passes, "passes", 3, "warm passes for --net, --image and --step")
			flags.BoolVar(&net.check, "check", false, "compare --net with its float64 reference first: a minute and more")
			image := flags.String("image", "", "the U-Net of the model that is timed on an image: tiny, small, base, adm or unet58, or model with --model")
			offer(flags, "image", "tiny", "small", "base", "adm", "unet58", "model")
			step := flags.String("step", "", "the network of a training step to time: base or refiner")
			offer(flags, "step", "base", "refiner")
			tune := flags.Bool("tune", false, "measure anew what kernels are chosen by, and show it")
			return func(ctx context.Context, env *environment, _ []string) error {
				if *tune {
					return benchTune(ctx, env)
				}
				if *step != "" {
					return benchStep(ctx, env, *step, net.passes)
				}
				if *image != "" {
					return benchImage(ctx, env, *image, net.model, net.passes)
				}
				if net.net != "" {
					return benchNet(ctx, env, net)
				}
				if net.model != "" {
					return benchModel(ctx, env, net.model)
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

// tuneReport is what `drdc bench --tune --json` writes.
type tuneReport struct {
	Adapter      string  `json:"adapter"`
	UniformSpeed float64 `json:"uniform_speed"` // 0: not a CPU adapter, not measured
	Variant      string  `json:"variant"`       // of the kernels
	File         string  `json:"file"`          // that keeps the measurement, if any
}

func benchTune(ctx context.Context, env *environment) (err error) {
	dev, err := openMeasured(ctx, env, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	a, v := dev.Adapter(), graph.DeviceLimits(dev).Target.Variant()
	if env.json {
		return env.printJSON(tuneReport{fmt.Sprintf("%s (%s, %s)", a.Name, a.Backend, a.Type), a.UniformSpeed, v.Name, gpu.SpeedFile()})
	}
	switch {
	case a.UniformSpeed == 0:
		env.printf("A GPU: the limits it names choose the kernels, there is nothing to measure.\n")
		return nil
	case v.WindowTransforms:
		env.printf("Uniform memory is read %.1f times as fast as storage: products and transforms read through windows of it.\n", a.UniformSpeed)
	case v.Windows:
		env.printf("Uniform memory is read %.1f times as fast as storage: products read through windows of it, transforms do not.\n", a.UniformSpeed)
	default:
		env.printf("Uniform memory is read %.1f times as fast as storage: all kernels read storage.\n", a.UniformSpeed)
	}
	if file := gpu.SpeedFile(); file != "" {
		env.printf("kept in %s\n", file)
	}
	return nil
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
