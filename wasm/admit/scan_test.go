package admit_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/drdc-dev/drdc/wasm/admit"
	"github.com/drdc-dev/drdc/wasm/admit/craft"
)

// nested is n blocks within each other.
func nested(n int, block byte) []byte {
	return craft.Code(craft.Join(bytes.Repeat([]byte{block, 0x40}, n), bytes.Repeat([]byte{0x0b}, n))...)
}

func importOf(module, name string, signature byte) []byte {
	return craft.Vec(craft.Join(craft.Text(module), craft.Text(name), []byte{0, signature}))
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
	{"4e9 locals in 30 bytes", craft.Extra(craft.Locals(4e9)), "byte 168: locals of function 6 is 4000000000, want at most 1000"},
	{"locals that overflow 32 bits", craft.Extra(craft.CodeLocals(craft.Join([]byte{2}, craft.Uleb(1<<32-1), []byte{0x7f}, craft.Uleb(1<<32-1), []byte{0x7f}))), "byte 168: locals of function 6 is 4294967295, want at most 1000"},
	{"locals of all functions", craft.Extras(201, craft.Locals(1000)), "byte 1565: locals of functions 0 to 205 is 200004, want at most 200000"},
	{"10,000 nested blocks", craft.Extra(nested(10_000, 0x02)), "byte 2220: nesting of blocks in function 6 is 1025, want at most 1024"},
	{"50,000 nested loops", craft.Extra(nested(40_000, 0x03)), "byte 2220: nesting of blocks in function 6 is 1025, want at most 1024"},
	{"a body of 300 KB", craft.Extra(nested(100_000, 0x02)), "byte 168: bytes of function 6 is 300002, want at most 131072"},
	{"blocks side by side", craft.Extra(craft.Code(bytes.Repeat([]byte{0x02, 0x40, 0x0b}, 9_000)...)), "byte 6316: blocks of function 6 is 2049, want at most 2048"},
	{"and many such functions", craft.Extras(10, craft.Code(bytes.Repeat([]byte{0x02, 0x40, 0x0b}, 2_000)...)), "byte 24195: squares of the numbers of blocks of functions 0 to 10 is 20000000, want at most 16777216"},
	{"loops that carry many locals", craft.Extra(craft.Locals(1000, bytes.Repeat([]byte{0x03, 0x40, 0x0b}, 33)...)), "byte 168: locals times loops of function 6 is 33000, want at most 32768"},
	{"and many such functions", craft.Extras(5, craft.Locals(1000, bytes.Repeat([]byte{0x03, 0x40, 0x0b}, 30)...)), "byte 556: locals times loops of functions 0 to 10 is 150000, want at most 131072"},
	{"tables of targets", craft.Extras(80, craft.Code(craft.Join([]byte{0x41, 0, 0x0e}, craft.Uleb(2000), make([]byte, 2001))...)), "byte 130899: targets of the br_tables of functions 0 to 71 is 132066, want at most 131072"},
	{"3 MiB of code", craft.Extras(30, craft.Code(bytes.Repeat([]byte{0x01}, 100_000)...)), "byte 2000301: bytes of functions 0 to 26 is 2100064, want at most 2097152"},
	{"a table of 20 million", craft.Minimal().With(craft.Parts{4: craft.Vec(craft.Join([]byte{0x70, 0}, craft.Uleb(20e6)))}).Bytes(), "byte 44: entries of all tables is 20000000, want at most 65536"},
	{"tables that are too large together", craft.Minimal().With(craft.Parts{4: craft.Vec(craft.Join([]byte{0x70, 0}, craft.Uleb(40e3)), craft.Join([]byte{0x6f, 0}, craft.Uleb(40e3)))}).Bytes(), "byte 49: entries of all tables is 80000, want at most 65536"},
	{"a table that grows", craft.Extra(craft.Code(0xd0, 0x70, 0x41, 1, 0xfc, 15, 0, 0x1a)), "byte 172: instruction is table.grow, want tables of a fixed size: the memory they take is bounded by nothing else"},
	{"10^6 functions", craft.Minimal().With(craft.Parts{3: craft.Join(craft.Uleb(1e6), make([]byte, 1e6))}).Bytes(), "byte 36: functions is 1000000, want at most 10000"},
	{"10^6 types", craft.Minimal().With(craft.Parts{1: craft.Join(craft.Uleb(1e6), bytes.Repeat([]byte{0x60, 0, 0}, 1e6))}).Bytes(), "byte 13: function types is 1000000, want at most 10000"},
	{"a type of 1,000 parameters", craft.Minimal().With(craft.Parts{1: craft.Vec(craft.Join([]byte{0x60}, craft.Uleb(1000), bytes.Repeat([]byte{0x7f}, 1000), []byte{0}))}).Bytes(), "byte 13: parameters of a function type is 1000, want at most 64"},
	{"a type of 17 results", craft.Minimal().With(craft.Parts{1: craft.Vec(craft.Join([]byte{0x60, 0, 17}, bytes.Repeat([]byte{0x7f}, 17)))}).Bytes(), "byte 13: results of a function type is 17, want at most 16"},
	{"a huge br_table", craft.Extra(craft.Code(craft.Join([]byte{0x41, 0, 0x0e}, craft.Uleb(100_000), make([]byte, 100_001))...)), "byte 175: targets of a br_table is 100000, want at most 2048"},
	{"a br_table that lies", craft.Extra(craft.Code(0x41, 0, 0x0e, 0xff, 0x0f, 0)), "byte 171: targets of a br_table is 2047, want at most the 2 bytes that remain"},
	{"a list that lies", craft.Minimal().With(craft.Parts{6: craft.Uleb(9_999)}).Bytes(), "byte 48: globals is 9999, want at most the 0 bytes that remain"},
	{"a memory above the cap", craft.Minimal().With(craft.Parts{5: craft.Vec(craft.Join([]byte{0}, craft.Uleb(513)))}).Bytes(), "byte 43: memory at the start is 513 pages, want at most 512 pages of 64 KiB"},
	{"two memories", craft.Minimal().With(craft.Parts{5: craft.Vec([]byte{0, 1}, []byte{0, 1})}).Bytes(), "byte 43: number of memories is 2, want 1"},
	{"a shared memory", craft.Minimal().With(craft.Parts{5: craft.Vec([]byte{3, 1, 1})}).Bytes(), "byte 44: flag of limits is 3, want 0 or 1: not shared, 32-bit"},
	{"a 64-bit memory", craft.Minimal().With(craft.Parts{5: craft.Vec([]byte{4, 1})}).Bytes(), "byte 44: flag of limits is 4, want 0 or 1: not shared, 32-bit"},
	{"data beyond the memory", craft.Minimal().With(craft.Parts{11: craft.Vec(craft.Join([]byte{0, 0x41, 0xff, 0xff, 3, 0x0b}, craft.Text("ab")))}).Bytes(), "byte 168: end of a data segment is 65537, want within the 65536 bytes of memory at the start"},
	{"data at a negative address", craft.Minimal().With(craft.Parts{11: craft.Vec(craft.Join([]byte{0, 0x41, 0x7f, 0x0b}, craft.Text("ab")))}).Bytes(), "byte 168: end of a data segment is 4294967297, want within the 65536 bytes of memory at the start"},
	{"data at the address in a global", craft.Minimal().With(craft.Parts{11: craft.Vec(craft.Join([]byte{0, 0x23, 0, 0x0b}, craft.Text("ab")))}).Bytes(), "byte 168: end of a data segment is at an address that is no i32.const, want within the 65536 bytes of memory at the start"},
	{"elements beyond the table", craft.Minimal().With(craft.Parts{4: craft.Vec([]byte{0x70, 0, 1}), 9: craft.Vec([]byte{0, 0x41, 1, 0x0b, 1, 0})}).Bytes(), "byte 143: end of an element segment is 2, want within the 1 entries of the tables"},
	{"a start section", craft.Minimal().With(craft.Parts{8: {5}}).Bytes(), "byte 136: start section is present, want none: export _initialize instead"},
	{"a file", craft.Minimal().With(craft.Parts{2: importOf("wasi_snapshot_preview1", "path_open", 0)}).Bytes(), `byte 35: import is "wasi_snapshot_preview1.path_open", want a function of ABI.md: nothing else can be reached`},
	{"a socket", craft.Minimal().With(craft.Parts{2: importOf("wasi_snapshot_preview1", "sock_accept", 0)}).Bytes(), `byte 35: import is "wasi_snapshot_preview1.sock_accept", want a function of ABI.md: nothing else can be reached`},
	{"another module", craft.Minimal().With(craft.Parts{2: importOf("env", "memory", 0)}).Bytes(), `byte 35: import is "env.memory", want a function of ABI.md: nothing else can be reached`},
	{"a memory from outside", craft.Minimal().With(craft.Parts{2: craft.Vec(craft.Join(craft.Text("drdc"), craft.Text("fail"), []byte{2, 0, 1}))}).Bytes(), `byte 35: kind of import "drdc.fail" is 2, want 0, a function`},
	{"an import of another type", craft.Minimal().With(craft.Parts{2: importOf("drdc", "fail", craft.TypeNone)}).Bytes(), `byte 35: type of import "drdc.fail" is (), want (i32, i32)`},
	{"a missing export", craft.Minimal().With(craft.Parts{7: craft.Vec(craft.Join(craft.Text("memory"), []byte{2, 0}))}).Bytes(), `byte 89: missing export is "drdc_abi", want a function () -> i32`},
	{"no memory", craft.Minimal().With(craft.Parts{7: craft.Vec()}).Bytes(), `byte 80: missing export is "drdc_abi", want a function () -> i32`},
	{"an export of another type", craft.Minimal().With(craft.Parts{7: craft.Vec(craft.Join(craft.Text("drdc_finish"), []byte{0, 1}))}).Bytes(), `byte 49: type of export "drdc_finish" is (i32) -> i32, want (i32) -> f32`},
	{"an export that is no function", craft.Minimal().With(craft.Parts{7: craft.Vec(craft.Join(craft.Text("drdc_abi"), []byte{2, 0}))}).Bytes(), `byte 49: kind of export "drdc_abi" is 2, want 0, a function () -> i32`},
	{"an export twice", craft.Minimal().With(craft.Parts{7: craft.Vec(craft.Join(craft.Text("a"), []byte{0, 0}), craft.Join(craft.Text("a"), []byte{0, 0}))}).Bytes(), `byte 53: export twice is "a"`},
	{"an export of a function that is not there", craft.Minimal().With(craft.Parts{7: craft.Vec(craft.Join(craft.Text("a"), []byte{0, 99}))}).Bytes(), "byte 49: index of an exported function is 99, want below 6"},
	{"an atomic instruction", craft.Extra(craft.Code(0xfe, 0x10, 2, 0)), "byte 168: instruction is 0xfe, want one of WebAssembly 2.0"},
	{"a tail call", craft.Extra(craft.Code(0x12, 0)), "byte 168: instruction is 0x12, want one of WebAssembly 2.0"},
	{"relaxed vectors", craft.Extra(craft.Code(0xfd, 0x80, 2)), "byte 168: instruction is 0xfd 256, want one of WebAssembly 2.0"},
	{"a body without an end", craft.Minimal().With(craft.Parts{10: craft.Bodies(map[int][]byte{5: {2, 0, 0x01}})}).Bytes(), "byte 165: a byte beyond the end of its section or body"},
	{"bytes behind a body's end", craft.Extra(craft.Code(0x0b)), "byte 169: bytes behind the end of function 6 is 1, want 0"},
	{"a section twice", craft.Join(craft.Minimal().Bytes(), craft.Section(10, craft.Bodies(nil))), "byte 165: section 10 out of order or twice"},
	{"a section of exceptions", craft.Minimal().With(craft.Parts{13: {0}}).Bytes(), "byte 165: section is 13, want one of WebAssembly 2.0"},
	{"a section that is too long", craft.Join(craft.Minimal().Bytes(), []byte{11, 100}), "byte 167: length is 100, want at most the 0 bytes that remain"},
	{"bytes behind a section", craft.Minimal().With(craft.Parts{5: {1, 0, 1, 9}}).Bytes(), "byte 46: bytes behind the content of section 5 is 1, want 0"},
	{"a number of 6 bytes", craft.Minimal().With(craft.Parts{5: {0x81, 0x80, 0x80, 0x80, 0x80, 0, 0, 1}}).Bytes(), "byte 43: a number of more than 32 bits"},
	{"a constant of 33 bits", craft.Extra(craft.Code(0x41, 0xff, 0xff, 0xff, 0xff, 0x17, 0x1a)), "byte 169: a number of more than 32 bits"},
	{"fewer bodies than functions", craft.Minimal().With(craft.Parts{10: craft.Vec(craft.Code(0x41, 1))}).Bytes(), "byte 136: number of bodies is 1, want 6, as declared"},
	{"no bodies", func() []byte { m := craft.Minimal(); delete(m, 10); return m.Bytes() }(), "byte 134: number of bodies is 0, want 6, as declared"},
}

// TestRefused holds every refusal to its words and to 8 MiB of heap.
func TestRefused(t *testing.T) {
	var most uint64
	for _, test := range refused {
		t.Run(test.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := admit.Scan(test.module)
			runtime.ReadMemStats(&after)
			var r *admit.Refusal
			if !errors.As(err, &r) || !errors.Is(err, admit.ErrRefused) {
				t.Fatalf("error %v, want a refusal", err)
			}
			if want := "admit: refused at " + test.want; err.Error() != want {
				t.Errorf("got  %q\nwant %q", err, want)
			}
			heap := after.TotalAlloc - before.TotalAlloc
			if heap > 8<<20 {
				t.Errorf("%d bytes of heap, want at most 8 MiB", heap)
			}
			most = max(most, heap)
		})
	}
	t.Logf("figure: %d modules refused by the scanner: most heap %d KiB (8192)", len(refused), most>>10)
}

// TestAdmitted checks what the scan of real modules finds.
func TestAdmitted(t *testing.T) {
	if _, err := admit.Scan(craft.Minimal().Bytes()); err != nil {
		t.Errorf("the minimal module: %v", err)
	}
	// An engine would believe the length in this name section, and allocate 96 GB.
	bomb := craft.Join(craft.Minimal().Bytes(), craft.Section(0, craft.Join(craft.Text("name"), []byte{1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f})))
	module, _, err := admit.Module(bomb)
	if err != nil || !bytes.Equal(module, craft.Minimal().With(craft.Parts{5: {1, 1, 1, 0x80, 4}}).Bytes()) {
		t.Errorf("a lying name section is not cut off: %x, error %v", module, err)
	}

	for _, name := range []string{"paper-go", "paper-c", "paper-rust", "maximum-wat", "border-mask-as"} {
		module := read(t, name)
		took := time.Duration(math.MaxInt64)
		var a admit.Anatomy
		for range 3 {
			start := time.Now()
			var err error
			if a, err = admit.Scan(module); err != nil {
				t.Fatal(name, err)
			}
			took = min(took, time.Since(start))
		}
		t.Logf("figure: %s: scan %v; %d functions, largest body %d B, %d locals (most %d), nesting %d, table %d, %d pages", name, took,
			a.Functions, a.LargestBody, a.Locals, a.MostLocals, a.Nesting, a.Table, a.MemoryPages)
	}
}

// TestMemory holds what a host compiles to the largest memory that is allowed.
func TestMemory(t *testing.T) {
	for _, test := range []struct{ given, want []byte }{
		{[]byte{0, 1}, []byte{1, 1, 0x80, 4}},                // no end: 512 pages
		{[]byte{1, 2, 3}, []byte{1, 2, 3}},                   // its own end
		{[]byte{1, 2, 0x81, 4}, []byte{1, 2, 0x80, 4}},       // 513 pages
		{[]byte{1, 0, 0x80, 0x80, 4}, []byte{1, 0, 0x80, 4}}, // all there are
		{[]byte{0, 0x80, 4}, []byte{1, 0x80, 4, 0x80, 4}},    // full from the start
		{[]byte{1, 0x82, 0x80, 0, 1}, []byte{1, 2, 1}},       // below its start: the engine refuses it
	} {
		module, _, err := admit.Module(craft.Minimal().With(craft.Parts{5: craft.Vec(test.given)}).Bytes())
		if err != nil {
			t.Errorf("% x: %v", test.given, err)
			continue
		}
		if want := craft.Minimal().With(craft.Parts{5: craft.Vec(test.want)}).Bytes(); !bytes.Equal(module, want) {
			t.Errorf("% x: got\n% x, want\n% x", test.given, module, want)
		}
	}
}

// read is one of the committed modules.
func read(t testing.TB, name string) []byte {
	t.Helper()
	module, err := os.ReadFile(filepath.Join("../plugins/prebuilt", name+".wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return module
}
