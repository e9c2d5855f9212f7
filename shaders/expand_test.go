package shaders

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	for _, r := range []struct {
		file     string
		set      []Setting
		widen    []int
		label    string
		has, not []string
		access   []Access
	}{
		{
			file: "unary.wgsl", label: "unary",
			has:    []string{"const ACT: u32 = 0u; //@set", "fn linear_group(", "var<storage, read> x:"},
			access: []Access{Read, ReadWrite, Uniform},
		},
		{
			file: "unary.wgsl", set: []Setting{Int("ACT", 3)}, label: "unary[ACT=3]",
			has: []string{"const ACT: u32 = 3u;"}, not: []string{"//@set", "//@use", "ACT: u32 = 0u"},
			access: []Access{Read, ReadWrite, Uniform},
		},
		{
			file: "unary.wgsl", set: []Setting{Int("ACT", 3)}, widen: []int{0}, label: "unary[ACT=3,rw=1]",
			has: []string{"var<storage, read_write> x:", "var<uniform> p:"}, not: []string{"var<storage, read> "},
			access: []Access{ReadWrite, ReadWrite, Uniform},
		},
		{
			file: "binary.wgsl", set: []Setting{Int("SAME", 1)}, widen: []int{1}, label: "binary[SAME=1,rw=10]",
			has:    []string{"const SAME: bool = true;", "var<storage, read> a:", "var<storage, read_write> b:"},
			access: []Access{Read, ReadWrite, ReadWrite, Uniform},
		},
	} {
		src, err := Expand(r.file, r.set, r.widen)
		if err != nil {
			t.Errorf("%s: %v", r.label, err)
			continue
		}
		if src.Label != r.label || src.File != r.file {
			t.Errorf("got label %q of %q, want %q", src.Label, src.File, r.label)
		}
		for _, s := range r.has {
			if strings.Count(src.Code, s) != 1 {
				t.Errorf("%s: holds %q %d times, want once", r.label, s, strings.Count(src.Code, s))
			}
		}
		for _, s := range r.not {
			if strings.Contains(src.Code, s) {
				t.Errorf("%s: holds %q", r.label, s)
			}
		}
		var access []Access
		for _, b := range src.Bindings {
			access = append(access, b.Access)
		}
		if !slices.Equal(access, r.access) {
			t.Errorf("%s: access %v, want %v", r.label, access, r.access)
		}
	}
}

func TestExpandRefuses(t *testing.T) {
	for _, r := range []struct {
		file  string
		set   []Setting
		widen []int
		want  string
	}{
		{"nothing.wgsl", nil, nil, `no file "nothing.wgsl"`},
		{"unary.wgsl", []Setting{Int("TILE", 1)}, nil, `unary.wgsl has no settable line "TILE"`},
		{"unary.wgsl", []Setting{Int("ACT", 1), Int("ACT", 1)}, nil, "ACT is set twice"},
		{"unary.wgsl", []Setting{{"ACT", "1u"}}, nil, `ACT: "1u" is no u32`},
		{"unary.wgsl", []Setting{Int("ACT", -1)}, nil, `ACT: "-1" is no u32`},
		{"binary.wgsl", []Setting{Int("SAME", 2)}, nil, `SAME: "2" is no bool`},
		{"unary.wgsl", nil, []int{3}, "unary.wgsl has 3 bindings, cannot widen number 3"},
	} {
		_, err := Expand(r.file, r.set, r.widen)
		if !errors.Is(err, ErrShader) || !strings.Contains(err.Error(), r.want) {
			t.Errorf("%s %v %v: got %v, want %q", r.file, r.set, r.widen, err, r.want)
		}
	}
}

// expandLines runs lines of a shader that is not stored.
func expandLines(lines []string, values map[string]string) (*expander, error) {
	e := &expander{values: values, consts: map[string]string{}, used: map[string]bool{}, seen: map[string]bool{}}
	_, err := e.lines(lines)
	return e, err
}

func TestLines(t *testing.T) {
	for _, r := range []struct {
		name   string
		lines  []string
		values map[string]string
		want   string // the code, or the error when it starts with "error: "
	}{
		{"constants", []string{"const A: i32 = 1i; //@set", "  const B : f32=2.0;//@set", "const C: u32 = 3u;"}, map[string]string{"A": "-7", "B": "2.5e-1", "C": "9"}, "const A: i32 = -7i; \n  const B : f32=f32(0.25);\nconst C: u32 = 3u;\n"},
		{"f32 from an integer", []string{"const B: f32 = 2.0; //@set"}, map[string]string{"B": "3"}, "const B: f32 = f32(3); \n"},
		{"no i32", []string{"const A: i32 = 1i; //@set"}, map[string]string{"A": "2147483648"}, `error: "2147483648" is no i32`},
		{"no f32", []string{"const A: f32 = 1.0; //@set"}, map[string]string{"A": "x"}, `error: "x" is no f32`},
		{"infinite f32", []string{"const A: f32 = 1.0; //@set"}, map[string]string{"A": "1e39"}, `error: "1e39" is no f32`},
		{"include once", []string{"//@use weight_f32.wgsl", "//@use weight_f32.wgsl"}, nil, mustText("weight_f32.wgsl")},
		{"include another", []string{"//@use weight_f32.wgsl //@set WEIGHT"}, map[string]string{"WEIGHT": "weight_f16.wgsl"}, mustText("weight_f16.wgsl")},
		{"include the usual", []string{"//@use weight_f32.wgsl //@set WEIGHT"}, nil, mustText("weight_f32.wgsl")},
		{"include nothing", []string{"//@use nothing.wgsl"}, nil, `error: no file "nothing.wgsl"`},
		{"repeat", []string{"//@for i 2", "a$i += $iu;", "//@end", "b"}, nil, "a0 += 0u;\na1 += 1u;\nb\n"},
		{"repeat a constant", []string{"const N: u32 = 1u; //@set", "//@for i N", "a$i", "//@end"}, map[string]string{"N": "2"}, "const N: u32 = 2u; \na0\na1\n"},
		{"repeat the usual", []string{"const N: u32 = 1u; //@set", "//@for i N", "a$i", "//@end"}, nil, "const N: u32 = 1u; //@set\na0\n"},
		{"repeat in a repetition", []string{"//@for i 2", "//@for q 2", "a$i_$q", "//@end", "//@end"}, nil, "a0_0\na0_1\na1_0\na1_1\n"},
		{"repeat never", []string{"//@for i 0", "a$i", "//@end"}, nil, ""},
		{"repeat too often", []string{"//@for i 65", "//@end"}, nil, `error: //@for over "65"`},
		{"repeat something else", []string{"//@for i N", "//@end"}, nil, `error: //@for over "N"`},
		{"repeat without end", []string{"//@for i 2", "//@for q 2", "//@end"}, nil, "error: //@for without //@end"},
		{"end without repetition", []string{"//@end"}, nil, "error: //@end without //@for"},
		{"binding twice", []string{"@group(0) @binding(0) var<storage, read> a: array<u32>;", "@group(0) @binding(0) var<uniform> b: P;"}, nil, "error: binding 0 is declared twice"},
		{"binding over 31", []string{"@group(0) @binding(32) var<storage, read> a: array<u32>;"}, nil, "error: binding number 32 is over 31"},
	} {
		e, err := expandLines(r.lines, r.values)
		if want, bad := strings.CutPrefix(r.want, "error: "); bad {
			if err == nil || !errors.Is(err, ErrShader) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", r.name, err, want)
			}
			continue
		}
		if err != nil || e.out.String() != r.want {
			t.Errorf("%s: got %q, %v, want %q", r.name, e.out.String(), err, r.want)
		}
	}
}

func mustText(file string) string {
	text, err := Text(file)
	if err != nil {
		panic(err)
	}
	return text
}

// TestFiles checks every stored shader: it expands, with all that is read
// widened too, its bindings are whole, and its workgroup is within WebGPU's
// default limit.
func TestFiles(t *testing.T) {
	if len(Names()) == 0 || !slices.IsSorted(Names()) || !slices.Contains(Names(), "unary.wgsl") || slices.Contains(Names(), "grid.wgsl") {
		t.Errorf("names: %v", Names())
	}
	for _, name := range Names() {
		src, err := Expand(name, nil, nil)
		if err != nil {
			t.Error(err)
			continue
		}
		var read []int
		for i, b := range src.Bindings {
			if b.Access == Read {
				read = append(read, i)
			}
		}
		wide, err := Expand(name, nil, read)
		if err != nil {
			t.Error(err)
			continue
		}
		for i, b := range wide.Bindings {
			if b.Access == Read {
				t.Errorf("%s: binding %d (%s) cannot be widened", name, i, b.Name)
			}
		}
		if n := strings.Count(src.Code, "@binding("); n != len(src.Bindings) {
			t.Errorf("%s: declares %d bindings, %d are seen", name, n, len(src.Bindings))
		}
		if n := strings.Count(src.Code, "@compute"); n != 1 {
			t.Errorf("%s: %d entry points, want 1", name, n)
		}
		if !strings.HasPrefix(mustText(name), "// ") {
			t.Errorf("%s: does not start with a comment", name)
		}
	}
}

// settable finds the lines that look settable, to find those that are not.
var settable = regexp.MustCompile(`//\s*@(set|use)`)

// TestSettableLines checks that no "//@set" or "//@use" stands on a line that
// the expander does not understand.
func TestSettableLines(t *testing.T) {
	all, err := files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		for n, line := range strings.Split(mustText(f.Name()), "\n") {
			if settable.MatchString(line) && !constLine.MatchString(line) && !useLine.MatchString(line) {
				t.Errorf("%s:%d: %q is not a settable line", f.Name(), n+1, line)
			}
		}
	}
}

func TestLiteralKeepsF32(t *testing.T) {
	for _, v := range []string{"0.1", "1e-38", "3.4028235e38", "-0.333333343"} {
		lit, err := literal("f32", v)
		if err != nil {
			t.Fatal(err)
		}
		again, err := literal("f32", strings.TrimSuffix(strings.TrimPrefix(lit, "f32("), ")"))
		if err != nil || again != lit || strings.Contains(lit, "Inf") {
			t.Errorf("%s became %s, then %s, %v", v, lit, again, err)
		}
	}
}
