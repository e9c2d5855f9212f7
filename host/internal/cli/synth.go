package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/drdc-dev/drdc/runtime/dataset/synth"
	"github.com/spf13/pflag"
)

// synthReport is what `drdc synth --json` writes.
type synthReport struct {
	Output string `json:"output"`
	Images int    `json:"images"`
	*synth.Summary
	Seconds float64 `json:"seconds"`
}

func synthesise() command {
	return command{
		name:    "synth",
		summary: "draws a data set of parts with and without defects",
		args:    "-o DIR",
		long: "Writes the layout of MVTec AD: CLASS/train/good, CLASS/test/good, CLASS/test/KIND and\n" +
			"CLASS/ground_truth/KIND. A third of the test images are good. The same seed gives the same\n" +
			"images on every machine. Classes: " + strings.Join(synth.Classes(), ", ") + ".",
		examples: []string{
			"drdc synth -o parts",
			"drdc synth -o small --classes 3 --train 20 --test 12 --size 128",
			"drdc synth -o parts --seed 7 --force",
		},
		uses: usesSeed,
		setup: func(flags *pflag.FlagSet) runFunc {
			o := synth.DefaultOptions()
			out := flags.StringP("output", "o", "", "the folder to write; it must be empty or new")
			flags.IntVar(&o.Classes, "classes", o.Classes, "how many classes, the first of the list above")
			flags.IntVar(&o.Train, "train", o.Train, "good images to learn from, of each class")
			flags.IntVar(&o.Test, "test", o.Test, "images to measure on, of each class")
			flags.IntVar(&o.Size, "size", o.Size, fmt.Sprintf("width and height in pixels, %d to %d", synth.MinSize, synth.MaxSize))
			flags.BoolVar(&o.Replace, "force", false, "replace a data set that 'drdc synth' wrote to the folder before")
			return func(ctx context.Context, env *environment, _ []string) error {
				if *out == "" {
					return usageError("synth needs -o DIR")
				}
				o.Seed = env.seed
				start := env.now()
				var bar *progress
				summary, err := synth.Write(ctx, *out, o, func(done, total int) {
					if bar == nil {
						bar = newProgress(env, "images", total)
					}
					bar.set(done)
				})
				if bar != nil {
					bar.close()
				}
				if errors.Is(err, synth.ErrNotEmpty) && !o.Replace {
					return fmt.Errorf("%w (--force replaces a data set that 'drdc synth' wrote there)", err)
				}
				if err != nil {
					return err
				}
				r := synthReport{*out, summary.Images(), summary, env.now().Sub(start).Seconds()}
				if env.json {
					return env.printJSON(r)
				}
				return writeSynth(env, r)
			}
		},
	}
}

func writeSynth(env *environment, r synthReport) error {
	env.printf("%s: %d images of %d x %d px, seed %d\n", r.Output, r.Images, r.Size, r.Size, r.Seed)
	w := tabwriter.NewWriter(env.stderr, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "class\ttrain\tgood\tdefects")
	for _, c := range r.Classes {
		var kinds []string
		for _, k := range slices.Sorted(maps.Keys(c.Damage)) {
			kinds = append(kinds, fmt.Sprintf("%s %d", k, c.Damage[k]))
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\n", c.Name, c.Train, c.Good, strings.Join(kinds, ", "))
	}
	return w.Flush()
}
