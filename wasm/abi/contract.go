package abi

import "time"

// DefaultDeadline is how long one image may take a guest, its start included, where nobody says otherwise.
const DefaultDeadline = 10 * time.Second

// Version is what drdc_abi of a guest returns.
const Version = 1

// ValueType is a type of WebAssembly as a byte of a module.
type ValueType byte

// The types that the contract uses.
const (
	I32 ValueType = 0x7f
	I64 ValueType = 0x7e
	F32 ValueType = 0x7d
	F64 ValueType = 0x7c
)

// Signature is the type of a function.
type Signature struct{ Params, Results []ValueType }

// The names of the exports. Memory is a memory, the others are functions.
const (
	Memory     = "memory"
	ABI        = "drdc_abi"
	Alloc      = "drdc_alloc"
	Begin      = "drdc_begin"
	AddMap     = "drdc_map"
	Finish     = "drdc_finish"
	Reset      = "drdc_reset"
	Initialize = "_initialize"
)

// The names of the modules that a guest may import from, and of our own functions.
const (
	Module = "drdc"
	WASI   = "wasi_snapshot_preview1"

	Fail   = "fail"
	Number = "number"
	Log    = "log"
)

// Exports are the functions that every guest exports.
func Exports() map[string]Signature {
	return map[string]Signature{
		ABI:    {nil, []ValueType{I32}},
		Alloc:  {[]ValueType{I32}, []ValueType{I32}},
		Begin:  {[]ValueType{I32}, nil},
		AddMap: {[]ValueType{I32}, nil},
		Finish: {[]ValueType{I32}, []ValueType{F32}},
	}
}

// OptionalExports are the functions that a host calls where a guest has them.
func OptionalExports() map[string]Signature {
	return map[string]Signature{Reset: {}, Initialize: {}}
}

// Imports are the functions that a guest may import, by module and name. Of WASI they are those that Go's own run time needs;
// they reach no file, no network, no clock, no environment and no true randomness.
func Imports() map[string]map[string]Signature {
	i := func(n int) []ValueType { return []ValueType{I32, I32, I32, I32}[:n] }
	return map[string]map[string]Signature{
		Module: {
			Fail:   {i(2), nil},
			Number: {[]ValueType{I32, I32, F64}, nil},
			Log:    {i(2), nil},
		},
		WASI: {
			"args_get":          {i(2), i(1)},
			"args_sizes_get":    {i(2), i(1)},
			"clock_time_get":    {[]ValueType{I32, I64, I32}, i(1)},
			"environ_get":       {i(2), i(1)},
			"environ_sizes_get": {i(2), i(1)},
			"fd_write":          {i(4), i(1)},
			"poll_oneoff":       {i(4), i(1)},
			"proc_exit":         {i(1), nil},
			"random_get":        {i(2), i(1)},
			"sched_yield":       {nil, i(1)},
		},
	}
}
