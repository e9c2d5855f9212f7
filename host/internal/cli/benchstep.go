package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/drdc-dev/drdc/runtime/forward"
)

// stepReport is what `drdc bench --step NET --json` writes.
type stepReport struct {
	Adapter string `json:"adapter"`
	forward.StepCost
}

// benchStep times a training step beside a forward pass of the same batch.
func benchStep(ctx context.Context, env *environment, net string, passes int) (err error) {
	if net != string(forward.Base) && net != string(forward.Refiner) {
		return unknown("network of a step", net, []string{string(forward.Base), string(forward.Refiner)})
	}
	if passes < 1 {
		return usageError("--passes %d, want 1 or more", passes)
	}
	dev, err := openDevice(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	a := dev.Adapter()
	report := stepReport{Adapter: fmt.Sprintf("%s (%s, %s)", a.Name, a.Backend, a.Type)}
	if report.StepCost, err = forward.MeasureStep(ctx, dev, forward.Net(net), passes); err != nil {
		return err
	}
	if env.json {
		return env.printJSON(report)
	}
	writeStep(env, report)
	return nil
}

func writeStep(env *environment, r stepReport) {
	env.printf("%s; memory %v\n\nforward %.3f s, step %.3f s of %s time: %.2f forward passes\n\n", r.Network, r.Memory, r.Forward, r.Step, r.Clock, r.Step/r.Forward)
	env.printf("%-9s %-14s %10s %10s %7s %9s\n", "phase", "kernel", "dispatches", "ms", "share", "GFLOP/s")
	for _, k := range r.Kernels {
		env.printf("%-9s %-14s %10d %10.2f %6.1f%%", k.Phase, k.Kernel, k.Dispatches, 1e3*k.Seconds, 100*k.Share)
		if k.GFLOPS > 0 {
			env.printf(" %9.1f", k.GFLOPS)
		}
		env.printf("\n")
	}
}
