package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Serve serves the site on a listener until ctx ends, whose cause it returns.
func (s *Site) Serve(ctx context.Context, l net.Listener, hosts []string) error {
	server := &http.Server{
		Handler:           s.Handler(hosts),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("web: %w", err)
	case <-ctx.Done():
		return errors.Join(context.Cause(ctx), server.Close())
	}
}
