package gpu

import (
	"errors"
	"fmt"
)

// The errors that a caller branches on, with errors.Is.
var (
	// ErrNoAdapter: no Vulkan, Metal or DX12 adapter, or none that fits
	// Options.Device.
	ErrNoAdapter = errors.New("no adapter")
	// ErrTooLarge: a size, a binding or a dispatch is over a limit of the device.
	ErrTooLarge = errors.New("over the limit of the device")
	// ErrOutOfMemory: the device, or Options.MemoryLimit, has no room left.
	ErrOutOfMemory = errors.New("out of device memory")
	// ErrLost: the device is gone; only a new Open helps.
	ErrLost = errors.New("device lost")
	// ErrClosed: the device, a buffer or a recording was closed before.
	ErrClosed = errors.New("closed")
	// ErrInvalid: a call that no device would take: misaligned, out of range,
	// or with bindings that do not fit the program.
	ErrInvalid = errors.New("invalid use")
)

// ShaderError is a program that did not compile.
type ShaderError struct {
	Label string // Program.Label
	File  string // Program.File
	// Line and Column count from 1 in Program.Code; 0 if the compiler named none.
	Line, Column int
	Text         string // what the compiler said
}

// Error returns "gpu: FILE:LINE:COLUMN: LABEL: TEXT".
func (e *ShaderError) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d:%d", at, e.Line, e.Column)
	}
	return fmt.Sprintf("gpu: %s: %s: %s", at, e.Label, e.Text)
}

// errorKind says which sentinel a message of the driver belongs to.
type errorKind int

const (
	kindInvalid errorKind = iota
	kindOutOfMemory
	kindLost
)

// driverError is what the driver reported, before the caller adds what it did.
type driverError struct {
	kind errorKind
	text string
}

func (e *driverError) Error() string { return e.Unwrap().Error() + ": " + e.text }

func (e *driverError) Unwrap() error {
	switch e.kind {
	case kindOutOfMemory:
		return ErrOutOfMemory
	case kindLost:
		return ErrLost
	}
	return ErrInvalid
}
