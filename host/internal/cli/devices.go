package cli

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"text/tabwriter"

	"github.com/drdc-dev/drdc/runtime/gpu"
	"github.com/spf13/pflag"
)

func devices() command {
	return command{
		name:    "devices",
		summary: "lists the adapters that can run a model",
		long: "The star marks the adapter that --device auto takes: the best discrete one, then\n" +
			"integrated, virtual, and at last a CPU adapter. The index is what --device takes.\n" +
			"Only Vulkan, Metal and DX12 adapters are listed.",
		examples: []string{"drdc devices", "drdc devices --json | jq '.adapters[] | {index, name, type}'"},
		setup: func(*pflag.FlagSet) runFunc {
			return func(ctx context.Context, env *environment, _ []string) error {
				adapters, err := gpu.Adapters(ctx)
				if err != nil && !errors.Is(err, gpu.ErrNoAdapter) {
					return err
				}
				return reportDevices(env, adapters, err)
			}
		},
	}
}

// reportDevices writes the adapters. With none it still writes valid JSON, and
// returns an error that says what to install.
func reportDevices(env *environment, adapters []gpu.Adapter, none error) error {
	if env.json {
		list := struct {
			Adapters []gpu.Adapter `json:"adapters"`
		}{append([]gpu.Adapter{}, adapters...)}
		if err := env.printJSON(list); err != nil {
			return err
		}
	}
	if none != nil {
		return fmt.Errorf("%w\n%s", none, driverAdvice(goruntime.GOOS))
	}
	if env.json {
		return nil
	}
	w := tabwriter.NewWriter(env.stderr, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  index\ttype\tbackend\tname\tdriver\tlargest binding")
	for _, a := range adapters {
		mark := " "
		if a.Default {
			mark = "*"
		}
		fmt.Fprintf(w, "%s %d\t%s\t%s\t%s\t%s\t%s\n", mark, a.Index, a.Type, a.Backend, a.Name, a.Driver, bytesText(a.Limits.MaxStorageBinding))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, a := range adapters {
		env.detailf("\n%d: vendor %s, features %v, limits %+v", a.Index, a.Vendor, a.Features, a.Limits)
	}
	return nil
}

// driverAdvice says what gives a machine an adapter.
func driverAdvice(goos string) string {
	switch goos {
	case "linux":
		return "Install the Vulkan driver of the GPU, or the CPU one, on Debian and Ubuntu:\n  apt-get install libvulkan1 mesa-vulkan-drivers"
	case "windows":
		return "Install the current driver of the GPU from its maker."
	}
	return "This machine needs a GPU with Vulkan, Metal or DX12."
}

// bytesText is a size in binary units, as people read it.
func bytesText(n uint64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	value, i := float64(n), 0
	for value >= 1024 && i < len(units)-1 {
		value /= 1024
		i++
	}
	return fmt.Sprintf("%.4g %s", value, units[i])
}
