package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/drdc-dev/drdc/weights"
	"github.com/drdc-dev/drdc/weights/keymap"
	"github.com/drdc-dev/drdc/weights/safetensors"
	"github.com/spf13/pflag"
)

func export() command {
	return command{
		name:    "export",
		summary: "writes a model's tensors as safetensors, under their original names",
		args:    "MODEL -o FILE.safetensors",
		long: "Tensors stored as f32, f16 or bf16 come back bit for bit; quantised ones as f32.\n" +
			"What cannot come back as it was, such as a folded batch normalisation, is said.",
		examples: []string{"drdc export model.drdc -o model.safetensors"},
		minArgs:  1, maxArgs: 1,
		setup: func(flags *pflag.FlagSet) runFunc {
			out := flags.StringP("output", "o", "", "the safetensors file to write")
			return func(ctx context.Context, env *environment, args []string) (err error) {
				if *out == "" {
					return usageError("export needs -o FILE.safetensors")
				}
				f, err := weights.Open(args[0])
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, f.Close()) }()
				arrays, notes, err := keymap.Export(ctx, f)
				if err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				meta := map[string]string{"drdc_config": string(f.Config()), "drdc_digest": f.Digest()}
				err = weights.Replace(*out, func(w io.Writer) error { return safetensors.Write(w, arrays, meta) })
				if err != nil {
					return err
				}
				for _, n := range notes {
					env.notef("note: %s", n)
				}
				env.notef("%s: %d tensors", *out, len(arrays))
				return nil
			}
		},
	}
}
