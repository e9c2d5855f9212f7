// Command drdc finds anomalies in images with a model that runs on any WebGPU
// device. `drdc help` lists what it does; the code stands in host/internal/cli.
package main

import (
	"os"

	"github.com/drdc-dev/drdc/host/internal/cli"
)

// Set by `make build` through the linker; empty in a plain `go build`.
var version, commit string

func main() {
	os.Exit(cli.Main(cli.Build{Version: version, Commit: commit}, os.Args[1:]))
}
