package admit

import "github.com/drdc-dev/drdc/wasm/abi"

// The bounds of admission. A module beyond one of them is refused before anything is compiled. The modules of Go, the
// largest that a stock toolchain makes, stay below a third of most and below two thirds of all.
const (
	MaxModule     = 4 << 20   // bytes of a module
	maxCode       = 2 << 20   // bytes of all bodies
	maxTypes      = 10_000    // function types
	maxParams     = 64        // parameters of a function type
	maxResults    = 16        // results of a function type
	maxFunctions  = 10_000    // functions with a body
	maxBody       = 128 << 10 // bytes of a body
	maxLocals     = 1_000     // locals of a function, parameters included
	maxAllLocals  = 200_000   // locals of a module
	maxNesting    = 1_024     // blocks within blocks
	maxBlocks     = 2_048     // blocks, loops and ifs of a function
	maxBlockWork  = 16 << 20  // their square, summed over a module: compilers take time with it
	maxJoins      = 32 << 10  // locals times loops of a function: what join points cost in memory and time
	maxAllJoins   = 128 << 10 // the same summed over a module
	maxTargets    = 2_048     // targets of a br_table
	maxAllTargets = 128 << 10 // targets of all br_tables
	maxTables     = 65_536    // entries of all tables
	maxGlobals    = 10_000    // globals
	maxExports    = 1_000     // exports
	maxSegments   = 65_536    // element segments, and as many data segments
)

// MemoryPages is the memory a guest may have, in pages of 64 KiB: 32 MiB.
const MemoryPages = 512

// PageBytes is a page of WebAssembly.
const PageBytes = 64 << 10

// valueTypes are the types that values may have: the numbers, v128 and the two references.
var valueTypes = [256]bool{
	abi.I32: true, abi.I64: true, abi.F32: true, abi.F64: true, typeV128: true, typeFuncref: true, typeExternref: true,
}

const (
	typeV128      = 0x7b
	typeFuncref   = 0x70
	typeExternref = 0x6f
)
