package cli

import (
	"context"

	"github.com/drdc-dev/drdc/runtime/gpu"
)

// openDevice opens the adapter that --device names, says which one it is and
// warns when it is a CPU.
func openDevice(ctx context.Context, env *environment) (*gpu.Device, error) {
	return openMeasured(ctx, env, false)
}

// openMeasured is openDevice that measures anew what kernels go by.
func openMeasured(ctx context.Context, env *environment, measure bool) (*gpu.Device, error) {
	if env.device == "reference" {
		return nil, usageError("--device reference runs without a GPU; this command measures one")
	}
	dev, err := gpu.Open(ctx, gpu.Options{Device: env.device, Measure: measure})
	if err != nil {
		return nil, err
	}
	a := dev.Adapter()
	env.notef("adapter %d: %s (%s, %s)", a.Index, a.Name, a.Backend, a.Type)
	if w := dev.Warning(); w != "" && !env.quiet {
		env.warnf("%s", w)
	}
	return dev, nil
}
