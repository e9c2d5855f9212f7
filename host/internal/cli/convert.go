package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/weights"
	"github.com/drdc-dev/drdc/weights/checkpoint"
	"github.com/drdc-dev/drdc/weights/keymap"
	"github.com/spf13/pflag"
)

// conversion is what the flags of `drdc convert` ask for.
type conversion struct {
	backbone, base, refiner string // checkpoint files
	config                  string // JSON file
	dtype                   string
	output                  string
	padding                 string
	bnEps                   float64
	maxBytes                int64
	random                  []string // parts that get untrained weights
}

func convert() command {
	return command{
		name:    "convert",
		summary: "builds a model file from checkpoints",
		args:    "-o MODEL",
		long: "Reads safetensors and PyTorch files (zip and legacy) without running code in them.\n" +
			"Backbones: EfficientNet-b4 of lukemelas, timm or torchvision, MobileNetV2. Base: UniAD;\n" +
			"without --backbone its checkpoint's own backbone is taken. Refiner: guided-diffusion\n" +
			"U-Nets; a 3-channel one is extended to the condition by zeros, a learned-sigma head is\n" +
			"cut to the noise. What the shapes do not tell (heads, padding, schedule) comes from\n" +
			"--config or the flags. An unknown or missing tensor is an error that names it.\n" +
			"--random draws the weights of a part that --config describes, for trying things out.",
		examples: []string{
			"drdc convert --backbone efficientnet-b4.pth --base uniad.pth.tar --dtype f16 -o model.drdc",
			"drdc convert --refiner ema_0.9999_100000.pt --config unet.json -o refiner.drdc",
			"drdc convert --random backbone,refiner --seed 1 --config small.json -o untrained.drdc",
		},
		uses: usesSeed,
		setup: func(flags *pflag.FlagSet) runFunc {
			var c conversion
			flags.StringVar(&c.backbone, "backbone", "", "checkpoint of the feature network")
			flags.StringVar(&c.base, "base", "", "checkpoint of the reconstruction transformer")
			flags.StringVar(&c.refiner, "refiner", "", "checkpoint of the diffusion U-Net")
			flags.StringVar(&c.config, "config", "", "JSON file with the configuration")
			flags.StringVar(&c.dtype, "dtype", "f32", "how weights are stored: f32, f16, bf16, int8 or int4")
			offer(flags, "dtype", "f32", "f16", "bf16", "int8", "int4")
			flags.StringVarP(&c.output, "output", "o", "", "the model file to write")
			flags.StringVar(&c.padding, "padding", "", "how the backbone pads: static380, dynamic or symmetric")
			offer(flags, "padding", "static380", "dynamic", "symmetric")
			flags.Float64Var(&c.bnEps, "bn-eps", 0, "epsilon of the backbone's batch normalisation")
			flags.StringSliceVar(&c.random, "random", nil, "parts of --config whose weights are drawn by --seed: backbone, base, refiner")
			offer(flags, "random", "backbone", "base", "refiner")
			flags.Int64Var(&c.maxBytes, "max-bytes", weights.MaxRaw, "refuse models that decode to more bytes")
			return func(ctx context.Context, env *environment, _ []string) error {
				return c.run(ctx, env)
			}
		},
	}
}

func (c conversion) run(ctx context.Context, env *environment) error {
	if c.output == "" {
		return usageError("convert needs -o MODEL")
	}
	if c.backbone == "" && c.base == "" && c.refiner == "" && len(c.random) == 0 {
		return usageError("convert needs --backbone, --base, --refiner or --random")
	}
	dtype, err := weights.ParseDType(c.dtype)
	if err != nil {
		return usageError("--dtype: %w", err)
	}
	config, err := readConfig(c.config)
	if err != nil {
		return err
	}
	parts, err := c.networks(env, config)
	if err != nil {
		return err
	}
	meta := weights.Meta{Parts: map[string]weights.Part{}}
	var tensors []weights.Named
	for name, net := range parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		settle(env, config, name, net)
		meta.Parts[name] = net.Part()
		tensors = append(tensors, net.Named(name)...)
	}
	text, err := json.Marshal(config)
	if err != nil {
		return err
	}
	full, err := model.Parse(text)
	if err != nil {
		return err
	}
	for _, part := range c.random {
		drawn, err := untrained(full, part, env.seed)
		if err != nil {
			return err
		}
		if _, twice := meta.Parts[part]; twice {
			return usageError("--random %s: a checkpoint has that part too", part)
		}
		meta.Parts[part] = weights.Part{Arch: archOf(full, part)}
		meta.Provenance = map[string]string{"untrained": strings.Join(c.random, ", ") + fmt.Sprintf(": random weights of seed %d", env.seed)}
		tensors = append(tensors, drawn...)
	}
	if meta.Config, err = json.Marshal(only(full, meta.Parts)); err != nil {
		return err
	}
	weights.As(tensors, dtype)
	digest, err := weights.Write(c.output, meta, tensors, weights.WithMaxRaw(c.maxBytes))
	if err != nil {
		return err
	}
	info, err := os.Stat(c.output)
	if err != nil {
		return err
	}
	if env.json {
		return env.printJSON(struct {
			Model  string `json:"model"`
			Digest string `json:"digest"`
			Bytes  int64  `json:"bytes"`
		}{c.output, digest, info.Size()})
	}
	env.notef("%s: %d tensors, %s, digest %s", c.output, len(tensors), bytesText(uint64(info.Size())), digest)
	return nil
}

// only is the configuration of the parts that the file has; --config may describe
// more.
func only(c model.Config, parts map[string]weights.Part) model.Config {
	if _, ok := parts["backbone"]; !ok {
		c.Backbone = nil
	}
	if _, ok := parts["base"]; !ok {
		c.Base = nil
	}
	if _, ok := parts["refiner"]; !ok {
		c.Refiner = nil
	}
	return c
}

// untrained draws the weights of a part.
func untrained(c model.Config, part string, seed uint64) ([]weights.Named, error) {
	sources, err := c.Tensors(part)
	if err != nil {
		return nil, usageError("--random %s: %w", part, err)
	}
	r := model.Random{Seed: seed}
	var tensors []weights.Named
	for _, t := range sources {
		tensors = append(tensors, weights.Named{Name: part + "." + t.Name, Shape: t.Shape, Data: r.Values(t)})
	}
	return tensors, nil
}

func archOf(c model.Config, part string) string {
	switch part {
	case "backbone":
		return c.Backbone.Arch
	case "base":
		return c.Base.Arch
	}
	return c.Refiner.Arch
}

// networks recognises the checkpoints and fits them to the model.
func (c conversion) networks(env *environment, config map[string]any) (map[string]*keymap.Network, error) {
	nets := map[string]*keymap.Network{}
	add := func(part, file string, read func(*checkpoint.Checkpoint) (*keymap.Network, error)) error {
		ck, err := checkpoint.Load(file)
		if err != nil {
			return err
		}
		net, err := read(ck)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		nets[part] = net
		env.notef("%s: %s, names of %s, %d tensors from %s", part, net.Arch, net.Flavour, len(net.Tensors), file)
		if n := len(net.Ignored); n > 0 {
			env.notef("  %d tensors are not needed", n)
			env.detailf("  %s", strings.Join(net.Ignored, "\n  "))
		}
		return nil
	}
	hint := c.hint(config)
	features := func(ck *checkpoint.Checkpoint) (*keymap.Network, error) {
		hint.File = ck.Name
		return keymap.Backbone(ck.Arrays, hint)
	}
	if file := c.backbone; file != "" {
		if err := add("backbone", file, features); err != nil {
			return nil, err
		}
	}
	if c.base != "" {
		if err := add("base", c.base, func(ck *checkpoint.Checkpoint) (*keymap.Network, error) { return keymap.UniAD(ck.Arrays) }); err != nil {
			return nil, err
		}
		if c.backbone == "" {
			if err := add("backbone", c.base, features); err != nil {
				return nil, fmt.Errorf("the base needs its backbone, give --backbone: %w", err)
			}
		}
	}
	if c.refiner != "" {
		return nets, add("refiner", c.refiner, func(ck *checkpoint.Checkpoint) (*keymap.Network, error) { return refiner(env, ck) })
	}
	return nets, nil
}

// hint collects what the user says of the backbone; flags win over --config.
func (c conversion) hint(config map[string]any) keymap.Hint {
	h := keymap.Hint{Padding: c.padding, BNEps: c.bnEps}
	if b, ok := config["backbone"].(map[string]any); ok {
		if s, ok := b["padding"].(string); ok && h.Padding == "" {
			h.Padding = s
		}
		if f, ok := b["bn_eps"].(float64); ok && h.BNEps == 0 {
			h.BNEps = f
		}
	}
	return h
}

// refiner maps a U-Net and gives it the channels that the refiner has: 6 in
// (noisy image and condition), 3 out (the noise).
func refiner(env *environment, ck *checkpoint.Checkpoint) (*keymap.Network, error) {
	net, err := keymap.UNet(ck.Arrays)
	if err != nil {
		return nil, err
	}
	if net.Config["in_channels"] == 3 {
		env.notef("  3 input channels extended to 6, the condition's weights are zero")
		if err := keymap.ExtendInput(net); err != nil {
			return nil, err
		}
	}
	if net.Config["out_channels"] == 6 {
		env.notef("  6 output channels cut to the 3 of the noise")
		if err := keymap.CutLearnedSigma(net); err != nil {
			return nil, err
		}
	}
	return net, nil
}

// readConfig reads the user's configuration; no file gives an empty one. Its values
// are checked when those of the checkpoints have joined them.
func readConfig(file string) (map[string]any, error) {
	config := map[string]any{}
	if file == "" {
		return config, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return config, nil
}

// settle writes what the checkpoint tells into the configuration of its part,
// over what the user gave, and says where the two differ.
func settle(env *environment, config map[string]any, part string, net *keymap.Network) {
	section, _ := config[part].(map[string]any)
	if section == nil {
		section = map[string]any{}
	}
	told := maps.Clone(net.Config)
	if told == nil {
		told = map[string]any{}
	}
	told["arch"] = net.Arch
	if net.Padding != "" {
		told["padding"] = net.Padding
	}
	if net.BNEps != 0 {
		told["bn_eps"] = net.BNEps
	}
	if net.Std != [3]float64{} {
		told["mean"], told["std"] = net.Mean, net.Std
	}
	for _, k := range slices.Sorted(maps.Keys(told)) {
		if given, ok := section[k]; ok && !sameJSON(given, told[k]) {
			env.notef("  %s.%s: the checkpoint says %v, the configuration's %v is not used", part, k, told[k], given)
		}
		section[k] = told[k]
	}
	config[part] = section
}

func sameJSON(a, b any) bool {
	x, err := json.Marshal(a)
	if err != nil {
		return false
	}
	y, err := json.Marshal(b)
	return err == nil && string(x) == string(y)
}
