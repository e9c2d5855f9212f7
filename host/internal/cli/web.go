package cli

import (
	"context"
	"fmt"
	"net"

	"github.com/drdc-dev/drdc/host/internal/web"
	"github.com/spf13/pflag"
)

// webFlags are the flags of web.
type webFlags struct {
	addr   string
	hosts  []string
	models []string
	out    string
}

func serveWeb() command {
	return command{
		name:    "web",
		summary: "serves a page on which a browser looks for anomalies with its own GPU",
		long: `The page runs the same method with WebGPU in the browser; images never leave it. Without -m it
has the demo's model and images. Browsers have WebGPU on pages from https and from this machine,
so a page served to other machines needs a server with https in front.

With -o the page is written to a folder, for any server of static files, and nothing is served.`,
		examples: []string{"drdc web", "drdc web -m model.drdc --addr 127.0.0.1:9000", "drdc web -m model.drdc -o public"},
		setup: func(flags *pflag.FlagSet) runFunc {
			var f webFlags
			flags.StringVar(&f.addr, "addr", "127.0.0.1:8080", "HOST:PORT to listen on; port 0 takes a free one")
			flags.StringArrayVar(&f.hosts, "host", nil, "a name by which browsers may call this machine; may be given many times")
			flags.StringArrayVarP(&f.models, "model", "m", nil, "a model file; may be given many times")
			flags.StringVarP(&f.out, "output", "o", "", "write the page to this folder instead of serving it")
			return func(ctx context.Context, env *environment, _ []string) error { return runWeb(ctx, env, f) }
		},
	}
}

func runWeb(ctx context.Context, env *environment, f webFlags) error {
	host, _, err := net.SplitHostPort(f.addr)
	if err != nil {
		return usageError("--addr %q: want HOST:PORT, such as 127.0.0.1:8080", f.addr)
	}
	program, err := web.Program()
	if err != nil {
		return err
	}
	site, err := web.NewSite(web.Config{Program: program, Models: f.models})
	if err != nil {
		return err
	}
	if f.out != "" {
		if err := site.Write(f.out); err != nil {
			return err
		}
		if env.json {
			return env.printJSON(map[string]any{"out": f.out, "files": site.Files()})
		}
		env.printf("%d files in %s\n", len(site.Files()), f.out)
		return nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", f.addr)
	if err != nil {
		return fmt.Errorf("--addr %s: %w", f.addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		env.warnf("--addr %s: other machines can reach this page, and their browsers have no WebGPU on it without https", f.addr)
		f.hosts = append(f.hosts, host)
	}
	url := fmt.Sprintf("http://%s/", l.Addr())
	if env.json {
		if err := env.printJSON(map[string]string{"url": url}); err != nil {
			return err
		}
	}
	env.printf("open %s\n", url)
	return site.Serve(ctx, l, f.hosts)
}
