package plugin_test

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
)

// A module is built here of literal bytes, section by section, so that each can be wrong in one place.

// uleb is an unsigned LEB128 number.
func uleb(n uint64) []byte { return binary.AppendUvarint(nil, n) }

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// vec is a list with its length.
func vec(items ...[]byte) []byte { return join(uleb(uint64(len(items))), join(items...)) }

// text is a name with its length.
func text(s string) []byte { return join(uleb(uint64(len(s))), []byte(s)) }

// code is a function body without locals, with its length; the end is added.
func code(instructions ...byte) []byte { return codeLocals([]byte{0}, instructions...) }

func codeLocals(locals []byte, instructions ...byte) []byte {
	body := join(locals, instructions, []byte{0x0b})
	return join(uleb(uint64(len(body))), body)
}

// Types of the minimal module.
const (
	typeGet   = iota // () -> i32
	typeAlloc        // (i32) -> i32
	typeTake         // (i32)
	typeScore        // (i32) -> f32
	typeNone         // ()
)

// parts are sections by number.
type parts map[byte][]byte

// minimal is a module that is admitted: it returns a score of 0 and writes nothing.
func minimal() parts {
	return parts{
		1: vec([]byte{0x60, 0, 1, 0x7f}, []byte{0x60, 1, 0x7f, 1, 0x7f}, []byte{0x60, 1, 0x7f, 0}, []byte{0x60, 1, 0x7f, 1, 0x7d}, []byte{0x60, 0, 0}),
		3: vec([]byte{typeGet}, []byte{typeAlloc}, []byte{typeTake}, []byte{typeTake}, []byte{typeScore}, []byte{typeNone}),
		5: vec([]byte{0, 1}),
		7: vec(
			join(text("memory"), []byte{2, 0}), join(text("drdc_abi"), []byte{0, 0}), join(text("drdc_alloc"), []byte{0, 1}),
			join(text("drdc_begin"), []byte{0, 2}), join(text("drdc_map"), []byte{0, 3}), join(text("drdc_finish"), []byte{0, 4}),
			join(text("_initialize"), []byte{0, 5})),
		10: bodies(nil),
	}
}

// bodies are those of the minimal module, some of them replaced.
func bodies(instead map[int][]byte) []byte {
	list := [][]byte{
		code(0x41, 1),          // abi: 1
		code(0x41, 0x80, 0x20), // alloc: 4096
		code(), code(),         // begin, map
		code(0x43, 0, 0, 0, 0), // finish: 0
		code(),                 // initialize
	}
	for i, b := range instead {
		list[i] = b
	}
	return vec(list...)
}

// with replaces sections.
func (p parts) with(sections parts) parts {
	all := maps.Clone(p)
	maps.Copy(all, sections)
	return all
}

// order is that of the sections in a file.
var sectionOrder = []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11}

func (p parts) bytes() []byte {
	out := []byte("\x00asm\x01\x00\x00\x00")
	for _, id := range slices.Concat(sectionOrder, []byte{13}) {
		if content, ok := p[id]; ok {
			out = join(out, section(id, content))
		}
	}
	return out
}

func section(id byte, content []byte) []byte {
	return join([]byte{id}, uleb(uint64(len(content))), content)
}
