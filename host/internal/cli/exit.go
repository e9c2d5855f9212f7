package cli

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/drdc-dev/drdc/runtime/gpu"
)

// The exit codes, a contract with scripts.
const (
	exitDone       = 0   // everything was done
	exitUsage      = 1   // wrong usage or unusable input; nothing was run
	exitSomeFailed = 2   // some images failed, the others are done
	exitAnomalies  = 3   // anomalies found and --fail-on-anomaly given
	exitNoDevice   = 4   // no usable device, or it was lost for good
	exitInterrupt  = 130 // stopped by SIGINT, resumable
	exitTerminate  = 143 // stopped by SIGTERM, resumable
)

// exitError is an error that asks for its own exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// usageError is a mistake on the command line.
func usageError(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// signalError is why a context ended when a signal arrived.
type signalError struct{ signal syscall.Signal }

func (e signalError) Error() string { return "stopped by " + e.signal.String() }

// exitCode is the code for what a command returned. A signal decides only if
// it kept the command from finishing.
func exitCode(ctx context.Context, err error) int {
	if err == nil {
		return exitDone
	}
	if stop, ok := errors.AsType[signalError](context.Cause(ctx)); ok {
		return 128 + int(stop.signal)
	}
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.code
	}
	if errors.Is(err, gpu.ErrNoAdapter) || errors.Is(err, gpu.ErrLost) {
		return exitNoDevice
	}
	return exitUsage
}
