package cli

import (
	"context"
	"errors"
	"fmt"

	method "github.com/drdc-dev/drdc/runtime/detect"
	"github.com/drdc-dev/drdc/runtime/forward"
	"github.com/drdc-dev/drdc/runtime/graph"
	"github.com/drdc-dev/drdc/runtime/model"
	"github.com/drdc-dev/drdc/weights"
)

// netFlags are the flags of `drdc bench --net`.
type netFlags struct {
	net, model, dtype    string
	size, images, passes int
	check                bool
}

// netReport is what `drdc bench --net --json` writes.
type netReport struct {
	Adapter string `json:"adapter"`
	Net     string `json:"net"`
	Params  int    `json:"params"`
	DType   string `json:"dtype"`
	Size    int    `json:"size"`
	Images  int    `json:"images"`
	forward.Measurement
}

// benchNet times a U-Net: a preset with drawn weights, or the refiner of a model.
func benchNet(ctx context.Context, env *environment, f netFlags) (err error) {
	o := forward.MeasureOptions{Images: f.images, Size: f.size, Half: f.dtype == "f16", Passes: f.passes, Check: f.check}
	if f.dtype != "f32" && f.dtype != "f16" {
		return usageError("--dtype %q, want f32 or f16", f.dtype)
	}
	if f.images < 1 || f.passes < 1 || f.size < 0 {
		return usageError("--images %d, --passes %d and --size %d, want 1 or more", f.images, f.passes, f.size)
	}
	r, store, free, err := openNet(f, env.seed)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, free()) }()
	if o.Size == 0 {
		o.Size = r.ImageSize
	}
	r.ImageSize = o.Size
	if err := r.Validate(); err != nil {
		return usageError("--size: %w", err)
	}
	dev, err := openDevice(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	a := dev.Adapter()
	report := netReport{
		Adapter: fmt.Sprintf("%s (%s, %s)", a.Name, a.Backend, a.Type),
		Net:     f.net, Params: r.Params(), DType: f.dtype, Size: o.Size, Images: o.Images,
	}
	if report.Measurement, err = forward.Measure(ctx, dev, r, store, o); err != nil {
		return err
	}
	if env.json {
		return env.printJSON(report)
	}
	writeNet(env, report)
	return nil
}

// openNet finds the network and its parameters; free is never nil.
func openNet(f netFlags, seed uint64) (r model.Refiner, s graph.Store, free func() error, err error) {
	free = func() error { return nil }
	if f.model == "" {
		if r, err = model.DefaultRefiner(f.net); err != nil {
			return r, nil, free, usageError("--net: %w", err)
		}
		return r, forward.Untrained(r, seed), free, nil
	}
	if f.net != string(forward.Refiner) {
		return r, nil, free, usageError("--net %q, want refiner, the part of --model that can be timed", f.net)
	}
	file, err := weights.Open(f.model)
	if err != nil {
		return r, nil, free, err
	}
	m, err := method.FromFile(file)
	if err == nil && m.Config.Refiner == nil {
		err = errors.New("the model has no refiner")
	}
	if err != nil {
		return r, nil, file.Close, fmt.Errorf("%s: %w", f.model, err)
	}
	return *m.Config.Refiner, m.Store, file.Close, nil
}

func writeNet(env *environment, r netReport) {
	env.printf("%s: %d parameters as %s, %d x %d px, %d at once, %.1f GFLOP a pass\n", r.Net, r.Params, r.DType, r.Size, r.Size, r.Images, r.GFLOP)
	env.printf("memory: %v; activations are %.2f times what is alive at once\n", r.Memory, float64(r.Memory.Arenas)/float64(r.Memory.Live))
	if r.Error != nil {
		env.printf("error: %.1e, relative L2 to the float64 reference\n", *r.Error)
	}
	env.printf("cold: parameters %.2f s, pipelines %.2f s, first pass %.2f s; to the first result %.2f s\n",
		r.Load, r.Compile, r.First, r.Load+r.Compile+r.First)
	env.printf("warm: best %.3f s, median %.3f s, %.1f GFLOP/s\n", r.Best, r.Median, r.GFLOP/r.Best)
	env.printf("one pass, each kernel timed: %.3f s in kernels, idle %.1f%%\n\n", r.Device, 100*r.Idle)
	env.printf("%-12s %-28s %6s %10s %7s %9s\n", "operation", "shader", "count", "ms", "share", "GFLOP/s")
	for _, k := range r.Kernels {
		env.printf("%-12s %-28s %6d %10.2f %6.1f%%", k.Op, k.Shader, k.Count, 1e3*k.Seconds, 100*k.Share)
		if k.GFLOPS > 0 {
			env.printf(" %9.1f", k.GFLOPS)
		}
		env.printf("\n")
	}
	env.printf("\nGFLOP/s are those of the operation with all its shaders, in direct-convolution operations.\n")
}
