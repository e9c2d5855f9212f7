package admit

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/drdc-dev/drdc/wasm/abi"
)

// Anatomy is what a scan found in a module that it admits.
type Anatomy struct {
	Bytes       int      `json:"bytes"`        // of the file
	Functions   int      `json:"functions"`    // with a body
	LargestBody int      `json:"largest_body"` // bytes
	Locals      int      `json:"locals"`       // of all functions, parameters included
	MostLocals  int      `json:"most_locals"`  // of one function
	Nesting     int      `json:"nesting"`      // blocks within blocks, at most
	Joins       int      `json:"joins"`        // locals times loops of each function, summed
	Table       int      `json:"table"`        // entries of all tables
	MemoryPages int      `json:"memory_pages"` // at the start
	Imports     []string `json:"imports"`      // "module.name", sorted
	Exports     []string `json:"exports"`      // the functions, sorted
}

// Scan decides in time linear in the file's length, without compiling anything, whether a module may be compiled and run; the
// error is a *Refusal. A module that it admits is still to be validated by the engine.
func Scan(module []byte) (Anatomy, error) {
	_, a, err := Module(module)
	return a, err
}

// Module scans a module as Scan does and returns what an engine is to compile: the module without its custom sections, because
// engines read some of those and believe their lengths, and with a memory that cannot grow beyond MemoryPages.
func Module(module []byte) (stripped []byte, a Anatomy, err error) {
	defer func() {
		if p := recover(); p != nil {
			r, ok := p.(*Refusal)
			if !ok {
				panic(p)
			}
			stripped, a, err = nil, Anatomy{}, r
		}
	}()
	s := scan{known: abi.Imports(), imports: []string{}}
	s.module(module)
	return bytes.Join(s.kept, nil), s.anatomy(len(module)), nil
}

// scan is what the sections so far have told.
type scan struct {
	known map[string]map[string]abi.Signature // imports that exist
	kept  [][]byte                            // header and sections, but no custom ones

	types     []abi.Signature
	functions []uint32 // type of each function, imported ones first
	imported  int      // how many of them are
	bodies    int      // declared by the function section
	globals   int
	table     uint64
	memories  int
	shared    bool   // the memory is exported
	pages     uint32 // of memory at the start
	mostPages uint32 // and at most
	segments  int    // that the data count section declares, or -1
	imports   []string
	exports   []string
	work      work
}

// header is the magic number and version 1.
var header = []byte("\x00asm\x01\x00\x00\x00")

// order is the place of each known section; they come in this order, each at most once.
var order = []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11}

// module scans all sections.
func (s *scan) module(module []byte) {
	if len(module) > MaxModule {
		refuse(0, "length of the module", fmt.Sprint(len(module)), fmt.Sprintf("at most %d bytes", MaxModule))
	}
	if !bytes.HasPrefix(module, header) {
		refuse(0, "start of the file", fmt.Sprintf("%q", module[:min(len(module), len(header))]), fmt.Sprintf("%q: WebAssembly, a core module of version 1", header))
	}
	s.segments = -1
	s.kept = append(s.kept, header)
	r := &reader{data: module, pos: len(header)}
	last := -1
	for r.rest() > 0 {
		at := r.pos
		id := r.byte()
		length := r.u32()
		start := r.pos
		r.bytes(length)
		if id == 0 {
			continue
		}
		place := slices.Index(order, id)
		if place < 0 {
			refuse(at, "section", fmt.Sprint(id), "one of WebAssembly 2.0")
		}
		if place <= last {
			refuse(at, fmt.Sprintf("section %d out of order or twice", id), "", "")
		}
		last = place
		section := &reader{data: module[:r.pos], pos: start}
		s.section(section, id)
		if section.rest() > 0 {
			refuse(section.pos, fmt.Sprintf("bytes behind the content of section %d", id), fmt.Sprint(section.rest()), "0")
		}
		if id == 5 {
			s.kept = append(s.kept, s.memory())
			continue
		}
		s.kept = append(s.kept, module[at:r.pos])
	}
	if s.work.bodies != s.bodies {
		refuse(len(module), "number of bodies", fmt.Sprint(s.work.bodies), fmt.Sprintf("%d, as declared", s.bodies))
	}
	s.required(len(module))
}

func (s *scan) section(r *reader, id byte) {
	switch id {
	case 1:
		s.typeSection(r)
	case 2:
		s.importSection(r)
	case 3:
		s.functionSection(r)
	case 4:
		s.tableSection(r)
	case 5:
		s.memorySection(r)
	case 6:
		s.globalSection(r)
	case 7:
		s.exportSection(r)
	case 8:
		refuse(r.pos, "start section", "present", "none: export _initialize instead")
	case 9:
		s.elementSection(r)
	case 10:
		s.codeSection(r)
	case 11:
		s.dataSection(r)
	case 12:
		s.segments = int(r.u32())
	}
}

func (s *scan) anatomy(length int) Anatomy {
	slices.Sort(s.imports)
	slices.Sort(s.exports)
	return Anatomy{
		Bytes: length, Functions: s.bodies, LargestBody: s.work.longest, Locals: s.work.locals, MostLocals: s.work.mostHeld,
		Nesting: s.work.deepest, Joins: s.work.joins, Table: int(s.table), MemoryPages: int(s.pages), Imports: s.imports, Exports: s.exports,
	}
}
