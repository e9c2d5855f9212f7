package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	method "github.com/drdc-dev/drdc/runtime/detect"
	"github.com/drdc-dev/drdc/runtime/forward"
	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/drdc-dev/drdc/weights"
	"github.com/drdc-dev/drdc/weights/safetensors"
	"github.com/spf13/pflag"
)

func runNet() command {
	return command{
		name:    "run",
		summary: "runs one network of a model on given tensors",
		args:    "MODEL --net backbone|base|refiner --in IN.safetensors --out OUT.safetensors",
		long: "For comparing a converted checkpoint with its origin. Tensors are f32, [N, C, H, W]:\n" +
			"  backbone  image (normalised) -> features\n" +
			"  base      features -> reconstruction, heatmap\n" +
			"  refiner   x of 6 channels, t of N model indices from 0 -> eps\n" +
			"--device reference computes in float64 without a GPU. --repeat evaluates again and says\n" +
			"how long each evaluation took, from the tensors in memory to the outputs in memory.",
		examples: []string{
			"drdc run model.drdc --net refiner --in in.safetensors --out out.safetensors",
			"drdc run model.drdc --net refiner --in in.safetensors --out out.safetensors --repeat 5",
		},
		minArgs: 1, maxArgs: 1,
		uses: usesDevice,
		setup: func(flags *pflag.FlagSet) runFunc {
			net := flags.String("net", "", "backbone, base or refiner")
			offer(flags, "net", string(forward.Backbone), string(forward.Base), string(forward.Refiner))
			in := flags.String("in", "", "safetensors file with the inputs")
			out := flags.String("out", "", "safetensors file to write")
			repeat := flags.Int("repeat", 0, "evaluate so many times more and time each")
			return func(ctx context.Context, env *environment, args []string) error {
				if *net == "" || *in == "" || *out == "" {
					return usageError("run needs --net, --in and --out")
				}
				if *repeat < 0 {
					return usageError("--repeat %d, want 0 or more", *repeat)
				}
				return runNetwork(ctx, env, args[0], forward.Net(*net), *in, *out, *repeat)
			}
		},
	}
}

func runNetwork(ctx context.Context, env *environment, path string, net forward.Net, in, out string, repeat int) (err error) {
	f, err := weights.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	m, err := method.FromFile(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	inputs, err := readTensors(in)
	if err != nil {
		return err
	}
	var dev *gpu.Device
	if env.device != "reference" {
		if dev, err = openDevice(ctx, env); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, dev.Close()) }()
	}
	network, err := forward.Load(ctx, dev, m.Config, m.Store, net, inputs)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer func() { err = errors.Join(err, network.Close()) }()
	var outputs map[string]forward.Tensor
	for i := range 1 + repeat {
		start := env.now()
		if outputs, err = network.Run(ctx, inputs); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if repeat > 0 {
			env.notef("evaluation %d: %.3f s", i+1, env.now().Sub(start).Seconds())
		}
	}
	if err := writeTensors(out, outputs); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		env.notef("%s: %s %v", out, name, outputs[name].Shape)
	}
	return nil
}

// readTensors reads the tensors of a safetensors file as float32.
func readTensors(path string) (map[string]forward.Tensor, error) {
	arrays, _, err := safetensors.Load(path)
	if err != nil {
		return nil, err
	}
	ts := map[string]forward.Tensor{}
	for i := range arrays {
		data, err := arrays[i].Float32()
		if err != nil {
			return nil, fmt.Errorf("%s: %q: %w", path, arrays[i].Name, err)
		}
		ts[arrays[i].Name] = forward.Tensor{Shape: arrays[i].Shape, Data: data}
	}
	return ts, nil
}

func writeTensors(path string, ts map[string]forward.Tensor) error {
	var arrays []weights.Array
	for _, name := range slices.Sorted(maps.Keys(ts)) {
		a, err := weights.FromFloat32(name, weights.F32, ts[name].Shape, ts[name].Data)
		if err != nil {
			return err
		}
		arrays = append(arrays, a)
	}
	return weights.Replace(path, func(w io.Writer) error { return safetensors.Write(w, arrays, nil) })
}
