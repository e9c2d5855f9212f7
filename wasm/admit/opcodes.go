package admit

import "fmt"

// The instructions that are counted, and the bytes that lead to longer instructions.
const (
	opBlock = 0x02
	opLoop  = 0x03
	opIf    = 0x04
	opEnd   = 0x0b
	opTable = 0x0e // br_table

	opMore   = 0xfc
	opVector = 0xfd
)

// immediates skips what follows the byte of an instruction that is not counted, and refuses instructions beyond
// WebAssembly 2.0: threads, tail calls, exceptions, garbage collection, relaxed vectors.
func (r *reader) immediates(op byte) {
	at := r.pos - 1
	switch {
	case op == 0x0c, op == 0x0d, // br, br_if
		op == 0x10,               // call
		op >= 0x20 && op <= 0x26, // local, global, table get and set
		op == 0xd2:               // ref.func
		r.u32()
	case op == 0x11: // call_indirect
		r.u32()
		r.u32()
	case op == 0x1c: // select with types
		for range r.count("types of a select", 1) {
			r.valueType()
		}
	case op >= 0x28 && op <= 0x3e: // loads and stores
		r.memory()
	case op == 0x3f, op == 0x40: // memory.size, memory.grow
		r.zero()
	case op == 0x41:
		r.signed(32)
	case op == 0x42:
		r.signed(64)
	case op == 0x43:
		r.bytes(4)
	case op == 0x44:
		r.bytes(8)
	case op == 0xd0: // ref.null
		r.valueType()
	case op == opMore:
		r.more(at)
	case op == opVector:
		r.vector(at)
	case op <= 0x01, op == 0x05, op == 0x0f, op == 0x1a, op == 0x1b, op >= 0x45 && op <= 0xc4, op == 0xd1:
	default:
		refuse(at, "instruction", fmt.Sprintf("%#02x", op), "one of WebAssembly 2.0")
	}
}

// more skips the immediates of saturating conversions, bulk memory and tables.
func (r *reader) more(at int) {
	switch sub := r.u32(); {
	case sub <= 7: // saturating conversions
	case sub == 8: // memory.init
		r.u32()
		r.zero()
	case sub == 9, sub == 13, sub == 16, sub == 17: // data.drop, elem.drop, table.size, table.fill
		r.u32()
	case sub == 10: // memory.copy
		r.zero()
		r.zero()
	case sub == 11: // memory.fill
		r.zero()
	case sub == 12, sub == 14: // table.init, table.copy
		r.u32()
		r.u32()
	case sub == 15:
		refuse(at, "instruction", "table.grow", "tables of a fixed size: the memory they take is bounded by nothing else")
	default:
		refuse(at, "instruction", fmt.Sprintf("%#02x %d", opMore, sub), "one of WebAssembly 2.0")
	}
}

// vector skips the immediates of a 128-bit instruction.
func (r *reader) vector(at int) {
	switch sub := r.u32(); {
	case sub <= 11, sub == 92, sub == 93: // loads and the store
		r.memory()
	case sub == 12, sub == 13: // v128.const, i8x16.shuffle
		r.bytes(16)
	case sub >= 21 && sub <= 34: // lanes
		r.byte()
	case sub >= 84 && sub <= 91: // loads and stores of a lane
		r.memory()
		r.byte()
	case sub <= 255:
	default:
		refuse(at, "instruction", fmt.Sprintf("%#02x %d", opVector, sub), "one of WebAssembly 2.0")
	}
}

// memory skips the alignment and the offset of a load or store.
func (r *reader) memory() {
	at := r.pos
	if align := r.u32(); align > 4 {
		refuse(at, "alignment of a load or store", fmt.Sprintf("2^%d", align), "at most 2^4")
	}
	r.u32()
}

// zero reads the byte that names memory 0.
func (r *reader) zero() {
	if b := r.byte(); b != 0 {
		refuse(r.pos-1, "index of a memory", fmt.Sprint(b), "0")
	}
}
