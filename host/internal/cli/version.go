package cli

import (
	"cmp"
	"context"
	goruntime "runtime"
	"runtime/debug"

	"github.com/drdc-dev/drdc/weights"
	"github.com/spf13/pflag"
)

// bindingModule is the WebGPU binding that runtime/gpu is built on.
const bindingModule = "github.com/cogentcore/webgpu"

// versionReport is what `drdc version --json` writes.
type versionReport struct {
	Version string        `json:"version"`
	Commit  string        `json:"commit"`
	Go      string        `json:"go"`
	OS      string        `json:"os"`
	Arch    string        `json:"arch"`
	Binding moduleVersion `json:"binding"`
	Formats formats       `json:"formats"`
}

type moduleVersion struct {
	Module  string `json:"module"`
	Version string `json:"version"`
}

// formats lists the file formats this binary writes, by number.
type formats struct {
	Model int `json:"model"`
}

func version() command {
	return command{
		name:     "version",
		summary:  "says what this binary is made of",
		long:     "Version and commit of the source, the Go release, the WebGPU binding and the\nversions of the file formats that this binary reads and writes.",
		examples: []string{"drdc version", "drdc version --json"},
		setup: func(*pflag.FlagSet) runFunc {
			return func(_ context.Context, env *environment, _ []string) error {
				info, ok := debug.ReadBuildInfo()
				if !ok {
					info = &debug.BuildInfo{}
				}
				v := describe(env.build, info)
				if env.json {
					return env.printJSON(v)
				}
				env.printf("drdc     %s\n", v.Version)
				env.printf("commit   %s\n", v.Commit)
				env.printf("go       %s %s/%s\n", v.Go, v.OS, v.Arch)
				env.printf("binding  %s %s\n", v.Binding.Module, v.Binding.Version)
				env.printf("formats  model %d\n", v.Formats.Model)
				return nil
			}
		},
	}
}

// describe adds what the Go linker recorded to what the Makefile told it.
func describe(build Build, info *debug.BuildInfo) versionReport {
	const unknown = "unknown"
	v := versionReport{
		Version: cmp.Or(build.Version, "devel"),
		Commit:  build.Commit,
		Go:      goruntime.Version(),
		OS:      goruntime.GOOS,
		Arch:    goruntime.GOARCH,
		Binding: moduleVersion{Module: bindingModule, Version: unknown},
		Formats: formats{Model: weights.Version},
	}
	for _, dep := range info.Deps {
		if dep.Path == bindingModule {
			v.Binding.Version = dep.Version
		}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && v.Commit == "" {
			v.Commit = s.Value
		}
	}
	v.Commit = cmp.Or(v.Commit, unknown)
	return v
}
