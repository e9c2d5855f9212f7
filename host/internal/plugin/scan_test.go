package plugin_test

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/host/internal/plugin"
)

// extra is the minimal module with one more function of type () and that body.
func extra(body []byte) []byte { return extras(1, body) }

func extras(n int, body []byte) []byte {
	m := minimal()
	types := join(uleb(uint64(6+n)), m[3][1:], bytes.Repeat([]byte{typeNone}, n))
	code := join(uleb(uint64(6+n)), bodies(nil)[1:], bytes.Repeat(body, n))
	return m.with(parts{3: types, 10: code}).bytes()
}

// nested is n blocks within each other.
func nested(n int, block byte) []byte {
	return code(join(bytes.Repeat([]byte{block, 0x40}, n), bytes.Repeat([]byte{0x0b}, n))...)
}

// locals is a body that declares n of them in one group.
func locals(n uint64, instructions ...byte) []byte {
	return codeLocals(join([]byte{1}, uleb(n), []byte{0x7f}), instructions...)
}

func importOf(module, name string, signature byte) []byte {
	return vec(join(text(module), text(name), []byte{0, signature}))
}

// refused are modules with the words of their refusal. heap says that the promise's bounds are checked on it.
var refused = []struct {
	name   string
	module []byte
	want   string
}{
	{"empty", nil, `byte 0: start of the file is "", want "\x00asm\x01\x00\x00\x00": WebAssembly, a core module of version 1`},
	{"a component", []byte("\x00asm\x0d\x00\x01\x00"), `byte 0: start of the file is "\x00asm\r\x00\x01\x00", want "\x00asm\x01\x00\x00\x00": WebAssembly, a core module of version 1`},
	{"longer than the limit", make([]byte, 4<<20+1), "byte 0: length of the module is 4194305, want at most 4194304 bytes"},
	{"4e9 locals in 30 bytes", extra(locals(4e9)), "byte 168: locals of function 6 is 4000000000, want at most 1000"},
	{"locals that overflow 32 bits", extra(codeLocals(join([]byte{2}, uleb(1<<32-1), []byte{0x7f}, uleb(1<<32-1), []byte{0x7f}))), "byte 168: locals of function 6 is 4294967295, want at most 1000"},
	{"locals of all functions", extras(201, locals(1000)), "byte 1565: locals of functions 0 to 205 is 200004, want at most 200000"},
	{"10,000 nested blocks", extra(nested(10_000, 0x02)), "byte 2220: nesting of blocks in function 6 is 1025, want at most 1024"},
	{"50,000 nested loops", extra(nested(40_000, 0x03)), "byte 2220: nesting of blocks in function 6 is 1025, want at most 1024"},
	{"a body of 300 KB", extra(nested(100_000, 0x02)), "byte 168: bytes of function 6 is 300002, want at most 131072"},
	{"blocks side by side", extra(code(bytes.Repeat([]byte{0x02, 0x40, 0x0b}, 9_000)...)), "byte 6316: blocks of function 6 is 2049, want at most 2048"},
	{"and many such functions", extras(10, code(bytes.Repeat([]byte{0x02, 0x40, 0x0b}, 2_000)...)), "byte 24195: squares of the numbers of blocks of functions 0 to 10 is 20000000, want at most 16777216"},
	{"loops that carry many locals", extra(locals(1000, bytes.Repeat([]byte{0x03, 0x40, 0x0b}, 33)...)), "byte 168: locals times loops of function 6 is 33000, want at most 32768"},
	{"and many such functions", extras(5, locals(1000, bytes.Repeat([]byte{0x03, 0x40, 0x0b}, 30)...)), "byte 556: locals times loops of functions 0 to 10 is 150000, want at most 131072"},
	{"tables of targets", extras(80, code(join([]byte{0x41, 0, 0x0e}, uleb(2000), make([]byte, 2001))...)), "byte 130899: targets of the br_tables of functions 0 to 71 is 132066, want at most 131072"},
	{"3 MiB of code", extras(30, code(bytes.Repeat([]byte{0x01}, 100_000)...)), "byte 2000301: bytes of functions 0 to 26 is 2100064, want at most 2097152"},
	{"a table of 20 million", minimal().with(parts{4: vec(join([]byte{0x70, 0}, uleb(20e6)))}).bytes(), "byte 44: entries of all tables is 20000000, want at most 65536"},
	{"tables that are too large together", minimal().with(parts{4: vec(join([]byte{0x70, 0}, uleb(40e3)), join([]byte{0x6f, 0}, uleb(40e3)))}).bytes(), "byte 49: entries of all tables is 80000, want at most 65536"},
	{"a table that grows", extra(code(0xd0, 0x70, 0x41, 1, 0xfc, 15, 0, 0x1a)), "byte 172: instruction is table.grow, want tables of a fixed size: the memory they take is bounded by nothing else"},
	{"10^6 functions", minimal().with(parts{3: join(uleb(1e6), make([]byte, 1e6))}).bytes(), "byte 36: functions is 1000000, want at most 10000"},
	{"10^6 types", minimal().with(parts{1: join(uleb(1e6), bytes.Repeat([]byte{0x60, 0, 0}, 1e6))}).bytes(), "byte 13: function types is 1000000, want at most 10000"},
	{"a type of 1,000 parameters", minimal().with(parts{1: vec(join([]byte{0x60}, uleb(1000), bytes.Repeat([]byte{0x7f}, 1000), []byte{0}))}).bytes(), "byte 13: parameters of a function type is 1000, want at most 64"},
	{"a type of 17 results", minimal().with(parts{1: vec(join([]byte{0x60, 0, 17}, bytes.Repeat([]byte{0x7f}, 17)))}).bytes(), "byte 13: results of a function type is 17, want at most 16"},
	{"a huge br_table", extra(code(join([]byte{0x41, 0, 0x0e}, uleb(100_000), make([]byte, 100_001))...)), "byte 175: targets of a br_table is 100000, want at most 2048"},
	{"a br_table that lies", extra(code(0x41, 0, 0x0e, 0xff, 0x0f, 0)), "byte 171: targets of a br_table is 2047, want at most the 2 bytes that remain"},
	{"a list that lies", minimal().with(parts{6: uleb(9_999)}).bytes(), "byte 48: globals is 9999, want at most the 0 bytes that remain"},
	{"a memory above the cap", minimal().with(parts{5: vec(join([]byte{0}, uleb(513)))}).bytes(), "byte 43: memory at the start is 513 pages, want at most 512 pages of 64 KiB"},
	{"two memories", minimal().with(parts{5: vec([]byte{0, 1}, []byte{0, 1})}).bytes(), "byte 43: number of memories is 2, want 1"},
	{"a shared memory", minimal().with(parts{5: vec([]byte{3, 1, 1})}).bytes(), "byte 44: flag of limits is 3, want 0 or 1: not shared, 32-bit"},
	{"a 64-bit memory", minimal().with(parts{5: vec([]byte{4, 1})}).bytes(), "byte 44: flag of limits is 4, want 0 or 1: not shared, 32-bit"},
	{"data beyond the memory", minimal().with(parts{11: vec(join([]byte{0, 0x41, 0xff, 0xff, 3, 0x0b}, text("ab")))}).bytes(), "byte 168: end of a data segment is 65537, want within the 65536 bytes of memory at the start"},
	{"data at a negative address", minimal().with(parts{11: vec(join([]byte{0, 0x41, 0x7f, 0x0b}, text("ab")))}).bytes(), "byte 168: end of a data segment is 4294967297, want within the 65536 bytes of memory at the start"},
	{"data at the address in a global", minimal().with(parts{11: vec(join([]byte{0, 0x23, 0, 0x0b}, text("ab")))}).bytes(), "byte 168: end of a data segment is at an address that is no i32.const, want within the 65536 bytes of memory at the start"},
	{"elements beyond the table", minimal().with(parts{4: vec([]byte{0x70, 0, 1}), 9: vec([]byte{0, 0x41, 1, 0x0b, 1, 0})}).bytes(), "byte 143: end of an element segment is 2, want within the 1 entries of the tables"},
	{"a start section", minimal().with(parts{8: {5}}).bytes(), "byte 136: start section is present, want none: export _initialize instead"},
	{"a file", minimal().with(parts{2: importOf("wasi_snapshot_preview1", "path_open", 0)}).bytes(), `byte 35: import is "wasi_snapshot_preview1.path_open", want a function of ABI.md: nothing else can be reached`},
	{"a socket", minimal().with(parts{2: importOf("wasi_snapshot_preview1", "sock_accept", 0)}).bytes(), `byte 35: import is "wasi_snapshot_preview1.sock_accept", want a function of ABI.md: nothing else can be reached`},
	{"another module", minimal().with(parts{2: importOf("env", "memory", 0)}).bytes(), `byte 35: import is "env.memory", want a function of ABI.md: nothing else can be reached`},
	{"a memory from outside", minimal().with(parts{2: vec(join(text("drdc"), text("fail"), []byte{2, 0, 1}))}).bytes(), `byte 35: kind of import "drdc.fail" is 2, want 0, a function`},
	{"an import of another type", minimal().with(parts{2: importOf("drdc", "fail", typeNone)}).bytes(), `byte 35: type of import "drdc.fail" is (), want (i32, i32)`},
	{"a missing export", minimal().with(parts{7: vec(join(text("memory"), []byte{2, 0}))}).bytes(), `byte 89: missing export is "drdc_abi", want a function () -> i32`},
	{"no memory", minimal().with(parts{7: vec()}).bytes(), `byte 80: missing export is "drdc_abi", want a function () -> i32`},
	{"an export of another type", minimal().with(parts{7: vec(join(text("drdc_finish"), []byte{0, 1}))}).bytes(), `byte 49: type of export "drdc_finish" is (i32) -> i32, want (i32) -> f32`},
	{"an export that is no function", minimal().with(parts{7: vec(join(text("drdc_abi"), []byte{2, 0}))}).bytes(), `byte 49: kind of export "drdc_abi" is 2, want 0, a function () -> i32`},
	{"an export twice", minimal().with(parts{7: vec(join(text("a"), []byte{0, 0}), join(text("a"), []byte{0, 0}))}).bytes(), `byte 53: export twice is "a"`},
	{"an export of a function that is not there", minimal().with(parts{7: vec(join(text("a"), []byte{0, 99}))}).bytes(), "byte 49: index of an exported function is 99, want below 6"},
	{"an atomic instruction", extra(code(0xfe, 0x10, 2, 0)), "byte 168: instruction is 0xfe, want one of WebAssembly 2.0"},
	{"a tail call", extra(code(0x12, 0)), "byte 168: instruction is 0x12, want one of WebAssembly 2.0"},
	{"relaxed vectors", extra(code(0xfd, 0x80, 2)), "byte 168: instruction is 0xfd 256, want one of WebAssembly 2.0"},
	{"a body without an end", minimal().with(parts{10: bodies(map[int][]byte{5: {2, 0, 0x01}})}).bytes(), "byte 165: a byte beyond the end of its section or body"},
	{"bytes behind a body's end", extra(code(0x0b)), "byte 169: bytes behind the end of function 6 is 1, want 0"},
	{"a section twice", join(minimal().bytes(), section(10, bodies(nil))), "byte 165: section 10 out of order or twice"},
	{"a section of exceptions", minimal().with(parts{13: {0}}).bytes(), "byte 165: section is 13, want one of WebAssembly 2.0"},
	{"a section that is too long", join(minimal().bytes(), []byte{11, 100}), "byte 167: length is 100, want at most the 0 bytes that remain"},
	{"bytes behind a section", minimal().with(parts{5: {1, 0, 1, 9}}).bytes(), "byte 46: bytes behind the content of section 5 is 1, want 0"},
	{"a number of 6 bytes", minimal().with(parts{5: {0x81, 0x80, 0x80, 0x80, 0x80, 0, 0, 1}}).bytes(), "byte 43: a number of more than 32 bits"},
	{"a constant of 33 bits", extra(code(0x41, 0xff, 0xff, 0xff, 0xff, 0x17, 0x1a)), "byte 169: a number of more than 32 bits"},
	{"fewer bodies than functions", minimal().with(parts{10: vec(code(0x41, 1))}).bytes(), "byte 136: number of bodies is 1, want 6, as declared"},
	{"no bodies", func() []byte { m := minimal(); delete(m, 10); return m.bytes() }(), "byte 134: number of bodies is 0, want 6, as declared"},
}

// TestRefused holds every refusal to its words, to 20 ms and to 8 MiB of heap.
func TestRefused(t *testing.T) {
	var slowest time.Duration
	var most uint64
	for _, test := range refused {
		t.Run(test.name, func(t *testing.T) {
			var before, after runtime.MemStats
			took := time.Duration(math.MaxInt64)
			runtime.ReadMemStats(&before)
			_, err := plugin.Scan(test.module)
			runtime.ReadMemStats(&after)
			// The fastest of three: other processes share this machine.
			for range 3 {
				start := time.Now()
				plugin.Scan(test.module)
				took = min(took, time.Since(start))
			}
			var r *plugin.Refusal
			if !errors.As(err, &r) || !errors.Is(err, plugin.ErrRefused) {
				t.Fatalf("error %v, want a refusal", err)
			}
			if want := "plugin: refused at " + test.want; err.Error() != want {
				t.Errorf("got  %q\nwant %q", err, want)
			}
			heap := after.TotalAlloc - before.TotalAlloc
			if took > 20*time.Millisecond || heap > 8<<20 {
				t.Errorf("took %v and %d bytes of heap, want at most 20ms and 8 MiB", took, heap)
			}
			slowest, most = max(slowest, took), max(most, heap)
		})
	}
	figure(t, "%d modules refused by the scanner: slowest %v (20ms), most heap %d KiB (8192)", len(refused), slowest, most>>10)
}

// TestAdmitted checks what the scan of real modules finds.
func TestAdmitted(t *testing.T) {
	if _, err := plugin.Scan(minimal().bytes()); err != nil {
		t.Errorf("the minimal module: %v", err)
	}
	// An engine would believe the length in this name section, and allocate 96 GB.
	bomb := join(minimal().bytes(), section(0, join(text("name"), []byte{1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f})))
	open(t, bomb, plugin.Options{})

	for _, name := range []string{"paper-go", "paper-c", "paper-rust", "maximum-wat", "border-mask-as"} {
		module := read(t, prebuilt, name)
		took := time.Duration(math.MaxInt64)
		var a plugin.Anatomy
		for range 3 {
			start := time.Now()
			var err error
			if a, err = plugin.Scan(module); err != nil {
				t.Fatal(name, err)
			}
			took = min(took, time.Since(start))
		}
		figure(t, "%s: scan %v; %d functions, largest body %d B, %d locals (most %d), nesting %d, table %d, %d pages", name, took,
			a.Functions, a.LargestBody, a.Locals, a.MostLocals, a.Nesting, a.Table, a.MemoryPages)
	}
}
