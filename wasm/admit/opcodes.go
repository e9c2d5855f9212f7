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

// shape is what follows the byte of an instruction.
type shape uint8

const (
	unknown shape = iota
	nothing
	index
	twoIndices
	counted // by work.body
	access  // alignment and offset
	memoryZero
	int32Const
	int64Const
	float32Const
	float64Const
	oneType
	selectTypes
	moreCodes
	vectorCodes
)

// shapes has the instructions of WebAssembly 2.0, without threads, tail calls, exceptions, garbage collection and relaxed
// vectors.
var shapes = func() (s [256]shape) {
	fill := func(from, to int, v shape) {
		for op := from; op <= to; op++ {
			s[op] = v
		}
	}
	fill(0x00, 0x01, nothing)
	fill(opBlock, opIf, counted)
	s[0x05] = nothing // else
	s[opEnd], s[opTable] = counted, counted
	fill(0x0c, 0x0d, index) // br, br_if
	s[0x0f] = nothing       // return
	s[0x10] = index         // call
	s[0x11] = twoIndices    // call_indirect
	fill(0x1a, 0x1b, nothing)
	s[0x1c] = selectTypes
	fill(0x20, 0x26, index)      // local, global, table get and set
	fill(0x28, 0x3e, access)     // loads and stores
	fill(0x3f, 0x40, memoryZero) // memory.size, memory.grow
	s[0x41], s[0x42], s[0x43], s[0x44] = int32Const, int64Const, float32Const, float64Const
	fill(0x45, 0xc4, nothing)
	s[0xd0], s[0xd1], s[0xd2] = oneType, nothing, index // ref.null, ref.is_null, ref.func
	s[opMore], s[opVector] = moreCodes, vectorCodes
	return s
}()

// immediates skips what follows the byte of an instruction that is not counted, and refuses unknown ones.
func (r *reader) immediates(op byte) {
	at := r.pos - 1
	switch shapes[op] {
	case nothing:
	case index:
		r.u32()
	case twoIndices:
		r.u32()
		r.u32()
	case access:
		r.memory()
	case memoryZero:
		r.zero()
	case int32Const:
		r.signed(32)
	case int64Const:
		r.signed(64)
	case float32Const:
		r.bytes(4)
	case float64Const:
		r.bytes(8)
	case oneType:
		r.valueType()
	case selectTypes:
		for range r.count("types of a select", 1) {
			r.valueType()
		}
	case moreCodes:
		r.more(at)
	case vectorCodes:
		r.vector(at)
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
