//go:build unix

package cli

import (
	"context"
	"syscall"
	"testing"
	"time"
)

// TestSignals sends this process what Ctrl-C and kill send.
func TestSignals(t *testing.T) {
	for signal, code := range map[syscall.Signal]int{syscall.SIGINT: exitInterrupt, syscall.SIGTERM: exitTerminate} {
		ctx, stop := withSignals(context.Background())
		if err := syscall.Kill(syscall.Getpid(), signal); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
			if got := exitCode(ctx, ctx.Err()); got != code {
				t.Errorf("%v: exit code %d, want %d", signal, got, code)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%v did not end the context", signal)
		}
		stop()
	}
}
