package cli

import (
	"context"

	"github.com/drdc-dev/drdc/host/internal/engine"
	"github.com/drdc-dev/drdc/host/internal/worker"
	"github.com/spf13/pflag"
)

func serveWorker() command {
	return command{
		name:    "worker",
		hidden:  true,
		summary: "does the images of another drdc process (started by detect and others)",
		long: "Reads frames on stdin and answers on stdout until stdin ends. 'drdc detect' starts it, so\n" +
			"that a crash of a driver costs no more than the image in hand.",
		examples: []string{"drdc worker"},
		setup: func(*pflag.FlagSet) runFunc {
			return func(ctx context.Context, env *environment, _ []string) error {
				return worker.Serve(ctx, env.stdin, env.stdout, engine.Open)
			}
		},
	}
}
