package plugin

import (
	"context"
	"fmt"
	"math"

	"github.com/drdc-dev/drdc/wasm/abi"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// callerKey finds the instance that calls us in the context of its call.
type callerKey struct{}

func caller(ctx context.Context) *instance { return ctx.Value(callerKey{}).(*instance) }

// provide makes what a guest may import. admit.Scan has refused all but the ten functions of WASI in abi.Imports.
func provide(ctx context.Context, engine wazero.Runtime) error {
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, engine); err != nil {
		return fmt.Errorf("plugin: %w", err)
	}
	b := engine.NewHostModuleBuilder(abi.Module)
	for name, f := range map[string]api.GoModuleFunc{abi.Fail: fail, abi.Number: number, abi.Log: logLine} {
		s := abi.Imports()[abi.Module][name]
		b.NewFunctionBuilder().WithGoModuleFunction(f, values(s.Params), values(s.Results)).Export(name)
	}
	if _, err := b.Instantiate(ctx); err != nil {
		return fmt.Errorf("plugin: %w", err)
	}
	return nil
}

func values(types []abi.ValueType) []api.ValueType {
	var list []api.ValueType
	for _, t := range types {
		list = append(list, api.ValueType(t))
	}
	return list
}

// stop ends the call of a guest; it is panicked with, and wazero returns it as the call's error.
type stop struct {
	kind error
	text string
}

func (s *stop) Error() string { return s.text }

// text reads a string of a guest.
func text(m api.Module, at, length uint64, limit uint32) string {
	b, ok := m.Memory().Read(uint32(at), min(uint32(length), limit))
	if !ok {
		panic(&stop{ErrOutput, fmt.Sprintf("%d bytes of text at address %d: beyond the memory of %d bytes", uint32(length), uint32(at), m.Memory().Size())})
	}
	return string(b)
}

func fail(_ context.Context, m api.Module, stack []uint64) {
	panic(&stop{ErrFailed, printable(text(m, stack[0], stack[1], abi.MaxMessage))})
}

func logLine(ctx context.Context, m api.Module, stack []uint64) {
	caller(ctx).log.Write([]byte(text(m, stack[0], stack[1], logBytes) + "\n"))
}

func number(ctx context.Context, m api.Module, stack []uint64) {
	in := caller(ctx)
	name, v := text(m, stack[0], stack[1], abi.MaxName+1), api.DecodeF64(stack[2])
	switch _, twice := in.numbers[name]; {
	case !abi.IsName(name):
		panic(&stop{ErrOutput, fmt.Sprintf("name %q of a number: want 1 to %d of a-z 0-9 _ - .", name, abi.MaxName)})
	case math.IsNaN(v) || math.IsInf(v, 0):
		panic(&stop{ErrOutput, fmt.Sprintf("number %q is %v, want a finite one", name, v)})
	case twice:
		panic(&stop{ErrOutput, fmt.Sprintf("number %q given twice", name)})
	case len(in.numbers) == abi.MaxNumbers:
		panic(&stop{ErrOutput, fmt.Sprintf("number %q is one more than the %d of an image", name, abi.MaxNumbers)})
	}
	in.numbers[name] = v
}
