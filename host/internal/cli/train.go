package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/drdc-dev/drdc/runtime/dataset"
	"github.com/drdc-dev/drdc/weights"
	"github.com/spf13/pflag"
)

// trainPart is one row of the table of what can be trained.
type trainPart struct {
	name  string
	long  string // of the help, behind the name
	loops bool   // takes the flags of the training loop
	sized bool   // takes --size
	// setup declares the part's own flags and returns what runs with them.
	setup func(flags *pflag.FlagSet, common *trainFlags) func(context.Context, *environment) error
}

func trainParts() []trainPart {
	return []trainPart{trainBackbone(), trainBank(), trainBase(), trainRefiner()}
}

// trainFlags are the flags that all parts have.
type trainFlags struct {
	data       []string
	model, out string
	dtype      string
	size       int
	loop       loopFlags
}

func teach() command {
	var names, help []string
	for _, p := range trainParts() {
		names, help = append(names, p.name), append(help, p.name+": "+p.long)
	}
	return command{
		name:    "train",
		summary: "learns from normal images",
		args:    strings.Join(names, "|") + " --data DIR... [-m MODEL] -o MODEL",
		long: strings.Join(help, "\n\n") + "\n\n" +
			"Only good training images are read; several folders or classes make one model. The other\n" +
			"parts of the model given by -m stay in the new one.\n\n" +
			"What takes long keeps OUT.checkpoint.drdc beside the model OUT.drdc, OUT.csv with all losses\n" +
			"and OUT.html with the curve. Ctrl-C saves and stops; --resume goes on with the same losses as\n" +
			"without the stop. Settings that decide the losses must then be the same.",
		examples: []string{
			"drdc train backbone --data parts --size 64 --minutes 20 -o backbone.drdc",
			"drdc train bank --data parts -m backbone.drdc -o bank.drdc",
			"drdc train bank --data tiles --data cookies -m backbone.drdc --per-class 5000 -o bank.drdc",
			"drdc train base --data parts -m backbone.drdc --hidden 128 --layers 2 --epochs 300 -o base.drdc",
			"drdc train refiner --data parts -m bank.drdc --preset tiny --epochs 300 -o model.drdc",
			"drdc train refiner --data new-parts -m model.drdc --fine-tune --lr 1e-5 --epochs 20 -o tuned.drdc",
			"drdc train refiner --data parts --size 64 --channels 32 --mult 1,2,2 --minutes 80 -o refiner.drdc",
		},
		minArgs: 1, maxArgs: 1,
		choices: func() []string { return names },
		uses:    usesDevice | usesSeed | usesProfile,
		setup: func(flags *pflag.FlagSet) runFunc {
			var f trainFlags
			flags.StringSliceVar(&f.data, "data", nil, "a class folder, or a folder of classes; can be given again")
			flags.StringVarP(&f.model, "model", "m", "", "a model whose other parts are kept")
			flags.StringVarP(&f.out, "output", "o", "", "the model file to write")
			flags.StringVar(&f.dtype, "dtype", "f16", "how the new part is stored: f32, f16, bf16, int8 or int4")
			offer(flags, "dtype", "f32", "f16", "bf16", "int8", "int4")
			flags.IntVar(&f.size, "size", 0, "pixels of a side of the images (default: the model's, or 224)")
			f.loop.declare(flags)
			owners, work := map[string]string{}, map[string]func(context.Context, *environment) error{}
			for _, p := range trainParts() {
				before := flagNames(flags)
				work[p.name] = p.setup(flags, &f)
				for _, n := range flagNames(flags) {
					if !slices.Contains(before, n) {
						owners[n] = p.name
						flag := flags.Lookup(n)
						flag.Usage = p.name + ": " + flag.Usage
					}
				}
			}
			return func(ctx context.Context, env *environment, args []string) error {
				i := slices.Index(names, args[0])
				if i < 0 {
					return unknown("part to train", args[0], names)
				}
				if err := f.check(trainParts()[i], flags, owners); err != nil {
					return err
				}
				return work[args[0]](ctx, env)
			}
		},
	}
}

func flagNames(flags *pflag.FlagSet) (names []string) {
	flags.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// check refuses a command line without the flags that every part needs, or with
// flags of another part.
func (f *trainFlags) check(p trainPart, flags *pflag.FlagSet, owners map[string]string) (err error) {
	switch {
	case len(f.data) == 0:
		return usageError("train needs --data DIR")
	case f.out == "":
		return usageError("train needs -o MODEL")
	}
	flags.Visit(func(flag *pflag.Flag) {
		switch owner := owners[flag.Name]; {
		case err != nil:
		case owner != "" && owner != p.name:
			err = usageError("train %s has no --%s, it belongs to train %s", p.name, flag.Name, owner)
		case owner == "" && (!p.loops && f.loop.has(flag.Name) || !p.sized && flag.Name == "size"):
			err = usageError("train %s has no --%s", p.name, flag.Name)
		}
	})
	return err
}

func (f *trainFlags) elementType() (weights.DType, error) {
	d, err := weights.ParseDType(f.dtype)
	if err != nil {
		return d, usageError("--dtype: %w", err)
	}
	return d, nil
}

// open reads the names of the images to learn from and says what classes there are.
func (f *trainFlags) open(env *environment) (*dataset.Set, []dataset.Sample, error) {
	set, err := dataset.Open(f.data...)
	if err != nil {
		return nil, nil, err
	}
	samples, err := set.Train()
	if err != nil {
		return nil, nil, err
	}
	for _, c := range set.Classes {
		env.notef("%s", c)
	}
	return set, samples, nil
}
