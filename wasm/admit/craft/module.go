package craft

import (
	"bytes"
	"encoding/binary"
	"maps"
)

// Uleb is an unsigned LEB128 number.
func Uleb(n uint64) []byte { return binary.AppendUvarint(nil, n) }

// Join puts parts behind each other.
func Join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// Vec is a list with its length.
func Vec(items ...[]byte) []byte { return Join(Uleb(uint64(len(items))), Join(items...)) }

// Text is a name with its length.
func Text(s string) []byte { return Join(Uleb(uint64(len(s))), []byte(s)) }

// Code is a function body without locals, with its length; the end is added.
func Code(instructions ...byte) []byte { return CodeLocals([]byte{0}, instructions...) }

// CodeLocals is a function body that begins with the bytes of its locals.
func CodeLocals(locals []byte, instructions ...byte) []byte {
	body := Join(locals, instructions, []byte{0x0b})
	return Join(Uleb(uint64(len(body))), body)
}

// The types of the minimal module.
const (
	TypeGet   = iota // () -> i32
	TypeAlloc        // (i32) -> i32
	TypeTake         // (i32)
	TypeScore        // (i32) -> f32
	TypeNone         // ()
)

// Parts are sections by number.
type Parts map[byte][]byte

// Minimal is a module that is admitted: it returns a score of 0 and writes nothing.
func Minimal() Parts {
	return Parts{
		1: Vec([]byte{0x60, 0, 1, 0x7f}, []byte{0x60, 1, 0x7f, 1, 0x7f}, []byte{0x60, 1, 0x7f, 0}, []byte{0x60, 1, 0x7f, 1, 0x7d}, []byte{0x60, 0, 0}),
		3: Vec([]byte{TypeGet}, []byte{TypeAlloc}, []byte{TypeTake}, []byte{TypeTake}, []byte{TypeScore}, []byte{TypeNone}),
		5: Vec([]byte{0, 1}),
		7: Vec(
			Join(Text("memory"), []byte{2, 0}), Join(Text("drdc_abi"), []byte{0, 0}), Join(Text("drdc_alloc"), []byte{0, 1}),
			Join(Text("drdc_begin"), []byte{0, 2}), Join(Text("drdc_map"), []byte{0, 3}), Join(Text("drdc_finish"), []byte{0, 4}),
			Join(Text("_initialize"), []byte{0, 5})),
		10: Bodies(nil),
	}
}

// Bodies are the code section of the minimal module, some of them replaced.
func Bodies(instead map[int][]byte) []byte {
	list := [][]byte{
		Code(0x41, 1),          // abi: 1
		Code(0x41, 0x80, 0x20), // alloc: 4096
		Code(), Code(),         // begin, map
		Code(0x43, 0, 0, 0, 0), // finish: 0
		Code(),                 // initialize
	}
	for i, b := range instead {
		list[i] = b
	}
	return Vec(list...)
}

// With replaces sections.
func (p Parts) With(sections Parts) Parts {
	all := maps.Clone(p)
	maps.Copy(all, sections)
	return all
}

// sectionOrder is that of a file; 13 is no section of WebAssembly 2.0.
var sectionOrder = []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11, 13}

// Bytes is the whole module.
func (p Parts) Bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, id := range sectionOrder {
		if content, ok := p[id]; ok {
			out = Join(out, Section(id, content))
		}
	}
	return out
}

// Section is one section with its number and length.
func Section(id byte, content []byte) []byte {
	return Join([]byte{id}, Uleb(uint64(len(content))), content)
}

// Extra is the minimal module with one more function of type () and that body.
func Extra(body []byte) []byte { return Extras(1, body) }

// Extras is the minimal module with n such functions.
func Extras(n int, body []byte) []byte {
	m := Minimal()
	types := Join(Uleb(uint64(6+n)), m[3][1:], bytes.Repeat([]byte{TypeNone}, n))
	code := Join(Uleb(uint64(6+n)), Bodies(nil)[1:], bytes.Repeat(body, n))
	return m.With(Parts{3: types, 10: code}).Bytes()
}

// Locals is a body that declares n of them in one group.
func Locals(n uint64, instructions ...byte) []byte {
	return CodeLocals(Join([]byte{1}, Uleb(n), []byte{0x7f}), instructions...)
}
