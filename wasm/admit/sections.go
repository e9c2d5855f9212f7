package admit

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/drdc-dev/drdc/wasm/abi"
)

func (s *scan) typeSection(r *reader) {
	for range r.count("function types", maxTypes) {
		if form := r.byte(); form != 0x60 {
			refuse(r.pos-1, "form of a type", fmt.Sprintf("%#02x", form), "0x60, a function")
		}
		s.types = append(s.types, abi.Signature{
			Params:  r.types("parameters of a function type", maxParams),
			Results: r.types("results of a function type", maxResults),
		})
	}
}

// types reads a list of value types.
func (r *reader) types(what string, limit int) []abi.ValueType {
	var list []abi.ValueType
	for range r.count(what, limit) {
		list = append(list, abi.ValueType(r.valueType()))
	}
	return list
}

func (s *scan) importSection(r *reader) {
	for range r.count("imports", len(s.known[abi.Module])+len(s.known[abi.WASI])) {
		at := r.pos
		module, name := r.name(), r.name()
		full := module + "." + name
		if kind := r.byte(); kind != 0 {
			refuse(at, fmt.Sprintf("kind of import %q", full), fmt.Sprint(kind), "0, a function")
		}
		want, ok := s.known[module][name]
		if !ok {
			refuse(at, "import", fmt.Sprintf("%q", full), "a function of ABI.md: nothing else can be reached")
		}
		got := s.types[s.typeIndex(r)]
		if !same(got, want) {
			refuse(at, fmt.Sprintf("type of import %q", full), typeText(got), typeText(want))
		}
		s.functions = append(s.functions, 0)
		s.imported++
		s.imports = append(s.imports, full)
	}
}

// typeIndex reads the index of a declared type.
func (s *scan) typeIndex(r *reader) uint32 {
	return r.index("index of a type", len(s.types))
}

// index reads an index below n.
func (r *reader) index(what string, n int) uint32 {
	at := r.pos
	i := r.u32()
	if uint64(i) >= uint64(n) {
		refuse(at, what, fmt.Sprint(i), fmt.Sprintf("below %d", n))
	}
	return i
}

func (s *scan) functionSection(r *reader) {
	s.bodies = r.count("functions", maxFunctions)
	for range s.bodies {
		s.functions = append(s.functions, s.typeIndex(r))
	}
}

func (s *scan) tableSection(r *reader) {
	for range r.count("tables", maxTables) {
		at := r.pos
		if t := r.byte(); t != typeFuncref && t != typeExternref {
			refuse(at, "type of a table", fmt.Sprintf("%#02x", t), "funcref or externref")
		}
		least, _ := r.limits()
		if s.table += uint64(least); s.table > maxTables {
			refuse(at, "entries of all tables", fmt.Sprint(s.table), fmt.Sprintf("at most %d", maxTables))
		}
	}
}

// limits reads a minimum and, if there is one, a maximum.
func (r *reader) limits() (least uint32, most uint32) {
	at := r.pos
	switch flag := r.byte(); flag {
	case 0:
		return r.u32(), 1<<32 - 1
	case 1:
		return r.u32(), r.u32()
	default:
		refuse(at, "flag of limits", fmt.Sprint(flag), "0 or 1: not shared, 32-bit")
		return 0, 0
	}
}

func (s *scan) memorySection(r *reader) {
	at := r.pos
	if s.memories = int(r.u32()); s.memories != 1 {
		refuse(at, "number of memories", fmt.Sprint(s.memories), "1")
	}
	if s.pages, s.mostPages = r.limits(); s.pages > MemoryPages {
		refuse(at, "memory at the start", fmt.Sprintf("%d pages", s.pages), fmt.Sprintf("at most %d pages of 64 KiB", MemoryPages))
	}
	s.mostPages = min(s.mostPages, MemoryPages)
}

// memory is the memory section with the largest size that is allowed. An engine refuses one that is below the size at the start.
func (s *scan) memory() []byte {
	content := []byte{1, 1} // one memory, with both sizes
	content = binary.AppendUvarint(content, uint64(s.pages))
	content = binary.AppendUvarint(content, uint64(s.mostPages))
	return append([]byte{5, byte(len(content))}, content...)
}

func (s *scan) globalSection(r *reader) {
	s.globals = r.count("globals", maxGlobals)
	for range s.globals {
		r.valueType()
		if b := r.byte(); b > 1 {
			refuse(r.pos-1, "mutability of a global", fmt.Sprint(b), "0 or 1")
		}
		r.constant()
	}
}

// constant reads a constant expression of one instruction. The value counts if the instruction is i32.const.
func (r *reader) constant() (value uint32, isI32 bool) {
	at := r.pos
	switch op := r.byte(); op {
	case 0x41:
		value, isI32 = uint32(r.signed(32)), true
	case 0x42, 0x43, 0x44, 0xd0, 0xd2, 0x23: // i64, f32, f64, ref.null, ref.func, global.get
		r.immediates(op)
	case opVector:
		if sub := r.u32(); sub != 12 {
			refuse(at, "a constant of an instruction that is not constant", "", "")
		}
		r.bytes(16)
	default:
		refuse(at, "instruction of a constant", fmt.Sprintf("%#02x", op), "a constant of WebAssembly 2.0")
	}
	if end := r.byte(); end != opEnd {
		refuse(r.pos-1, "a constant of more than one instruction", "", "")
	}
	return value, isI32
}

func (s *scan) exportSection(r *reader) {
	required, optional := abi.Exports(), abi.OptionalExports()
	seen := map[string]bool{}
	for range r.count("exports", maxExports) {
		at := r.pos
		name, kind, index := r.name(), r.byte(), r.u32()
		if seen[name] {
			refuse(at, "export twice", fmt.Sprintf("%q", name), "")
		}
		seen[name] = true
		want, ours := required[name]
		if !ours {
			want, ours = optional[name]
		}
		switch {
		case name == abi.Memory && kind != 2:
			refuse(at, fmt.Sprintf("kind of export %q", name), fmt.Sprint(kind), "2, a memory")
		case ours && kind != 0:
			refuse(at, fmt.Sprintf("kind of export %q", name), fmt.Sprint(kind), "0, a function "+typeText(want))
		case kind == 0:
			if uint64(index) >= uint64(len(s.functions)) {
				refuse(at, "index of an exported function", fmt.Sprint(index), fmt.Sprintf("below %d", len(s.functions)))
			}
			if !ours {
				break
			}
			if int(index) < s.imported {
				refuse(at, fmt.Sprintf("export %q", name), "an import", "a function of the module")
			}
			if got := s.types[s.functions[index]]; !same(got, want) {
				refuse(at, fmt.Sprintf("type of export %q", name), typeText(got), typeText(want))
			}
		}
		if kind == 0 {
			s.exports = append(s.exports, name)
		}
	}
	s.shared = seen[abi.Memory]
}

// required refuses a module that lacks an export of the contract.
func (s *scan) required(end int) {
	for _, name := range slices.Sorted(maps.Keys(abi.Exports())) {
		if !slices.Contains(s.exports, name) {
			refuse(end, "missing export", fmt.Sprintf("%q", name), "a function "+typeText(abi.Exports()[name]))
		}
	}
	if s.memories == 0 {
		refuse(end, "number of memories", "0", "1")
	}
	if !s.shared {
		refuse(end, "missing export", fmt.Sprintf("%q", abi.Memory), "the memory")
	}
}

func (s *scan) elementSection(r *reader) {
	for range r.count("element segments", maxSegments) {
		at := r.pos
		flags := r.u32()
		if flags > 7 {
			refuse(at, "flags of an element segment", fmt.Sprint(flags), "0 to 7")
		}
		active, explicit, expressions := flags&1 == 0, flags&2 != 0, flags&4 != 0
		if active && explicit {
			r.u32() // the table
		}
		offset, constant := uint32(0), true
		if active {
			offset, constant = r.constant()
		}
		if flags&3 != 0 {
			r.byte() // the kind or type of the entries
		}
		n := r.count("entries of an element segment", maxTables)
		if end := uint64(offset) + uint64(n); active && (!constant || end > s.table) {
			refuse(at, "end of an element segment", placeText(end, constant), fmt.Sprintf("within the %d entries of the tables", s.table))
		}
		for range n {
			if expressions {
				r.constant()
			} else {
				r.index("index of a function", len(s.functions))
			}
		}
	}
}

func (s *scan) codeSection(r *reader) {
	first := r.pos
	n := r.count("bodies", maxFunctions)
	if n != s.bodies {
		refuse(first, "number of bodies", fmt.Sprint(n), fmt.Sprintf("%d, as declared", s.bodies))
	}
	for i := range n {
		at := r.pos
		length := r.u32()
		if length > maxBody {
			refuse(at, fmt.Sprintf("bytes of function %d", i), fmt.Sprint(length), fmt.Sprintf("at most %d", maxBody))
		}
		start := r.pos
		r.bytes(length)
		s.work.body(&reader{data: r.data[:r.pos], pos: start}, len(s.types[s.functions[s.imported+i]].Params))
	}
}

func (s *scan) dataSection(r *reader) {
	first := r.pos
	n := r.count("data segments", maxSegments)
	if s.segments >= 0 && n != s.segments {
		refuse(first, "number of data segments", fmt.Sprint(n), fmt.Sprintf("%d, as declared", s.segments))
	}
	for range n {
		at := r.pos
		flags := r.u32()
		if flags > 2 {
			refuse(at, "flags of a data segment", fmt.Sprint(flags), "0 to 2")
		}
		if flags == 2 {
			if memory := r.u32(); memory != 0 {
				refuse(at, "memory of a data segment", fmt.Sprint(memory), "0")
			}
		}
		offset, constant := uint32(0), true
		if flags != 1 {
			offset, constant = r.constant()
		}
		length := r.u32()
		size := uint64(s.pages) * PageBytes
		if end := uint64(offset) + uint64(length); flags != 1 && (!constant || end > size) {
			refuse(at, "end of a data segment", placeText(end, constant), fmt.Sprintf("within the %d bytes of memory at the start", size))
		}
		r.bytes(length)
	}
}

// placeText is where a segment ends, in words.
func placeText(end uint64, constant bool) string {
	if !constant {
		return "at an address that is no i32.const"
	}
	return fmt.Sprint(end)
}
