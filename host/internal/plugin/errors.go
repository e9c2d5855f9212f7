package plugin

import (
	"errors"
	"fmt"
	"time"
)

// What can go wrong with a module that was admitted.
var (
	ErrDigest   = errors.New("another file than the one that was pinned")
	ErrCompile  = errors.New("not valid WebAssembly")
	ErrVersion  = errors.New("another version of the contract")
	ErrDeadline = errors.New("not done at the deadline")
	ErrTrap     = errors.New("trap")
	ErrExit     = errors.New("exited")
	ErrFailed   = errors.New("the rule reports")
	ErrOutput   = errors.New("unusable output")
)

// GuestError is the end of a call into a guest. It wraps one of the errors above.
type GuestError struct {
	Step   string // "start", "alloc", "begin", "map 3", "finish", "reset"
	Kind   error
	Detail string
	Ran    time.Duration // since the image began
	Log    string        // the end of what the guest wrote, without control characters
}

func (e *GuestError) Error() string {
	s := fmt.Sprintf("plugin: %s: %v", e.Step, e.Kind)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Unwrap lets errors.Is find the kind.
func (e *GuestError) Unwrap() error { return e.Kind }
