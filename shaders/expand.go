package shaders

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed *.wgsl
var files embed.FS

// ErrShader is wrapped by every error of this package.
var ErrShader = errors.New("shaders")

// Access says how a shader uses a binding.
type Access uint8

const (
	Read      Access = iota // var<storage, read>
	ReadWrite               // var<storage, read_write>
	Uniform                 // var<uniform>
)

// Binding is one "@binding(N)" line of group 0; its position in
// Source.Bindings is N.
type Binding struct {
	Name   string
	Access Access
}

// Setting gives a settable line its value.
type Setting struct{ Name, Value string }

// Int sets an integer or boolean (0, 1) constant.
func Int(name string, value int) Setting { return Setting{name, strconv.Itoa(value)} }

// Use names the file that a settable "//@use" line includes.
func Use(name, file string) Setting { return Setting{name, file} }

// Source is a shader ready for a driver.
type Source struct {
	File     string    // stored file name
	Label    string    // file stem and what was set, such as "conv2d[TILE_M=32]"
	Code     string    // expanded WGSL
	Bindings []Binding // group 0 in binding order
}

var (
	constLine   = regexp.MustCompile(`^(\s*const\s+)(\w+)(\s*:\s*)(u32|i32|f32|bool)(\s*=\s*)([^;]+)(;\s*)//@set\s*$`)
	forLine     = regexp.MustCompile(`^\s*//@for\s+(\w)\s+(\w+)\s*$`)
	endLine     = regexp.MustCompile(`^\s*//@end\s*$`)
	useLine     = regexp.MustCompile(`^\s*//@use\s+(\S+\.wgsl)(?:\s+//@set\s+(\w+))?\s*$`)
	bindingLine = regexp.MustCompile(`^\s*@group\(0\)\s*@binding\((\d+)\)\s*var<\s*(uniform|storage\s*,\s*read_write|storage\s*,\s*read)\s*>\s*(\w+)\s*:`)
)

// Names lists the stored files that have an entry point, sorted; files that
// are only included are left out.
func Names() []string {
	all, err := fs.Glob(files, "*.wgsl")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	var names []string
	for _, n := range all {
		if text, err := files.ReadFile(n); err == nil && strings.Contains(string(text), "@compute") {
			names = append(names, n)
		}
	}
	return names
}

// Text returns a stored file as it is.
func Text(file string) (string, error) {
	b, err := files.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%w: no file %q", ErrShader, file)
	}
	return string(b), nil
}

// Expand returns file with its includes, with the settings applied and the
// bindings listed in widen made read_write. A setting that names no settable
// line, or a binding that does not exist, is an error.
func Expand(file string, set []Setting, widen []int) (Source, error) {
	e := expander{values: map[string]string{}, consts: map[string]string{}, used: map[string]bool{}, seen: map[string]bool{}}
	for _, s := range set {
		if _, twice := e.values[s.Name]; twice {
			return Source{}, fmt.Errorf("%w: %s: %s is set twice", ErrShader, file, s.Name)
		}
		e.values[s.Name] = s.Value
	}
	for _, b := range widen {
		e.widen |= 1 << b
	}
	if err := e.include(file); err != nil {
		return Source{}, err
	}
	for _, s := range set {
		if !e.used[s.Name] {
			return Source{}, fmt.Errorf("%w: %s has no settable line %q", ErrShader, file, s.Name)
		}
	}
	for i, b := range e.bindings {
		if b.Name == "" {
			return Source{}, fmt.Errorf("%w: %s: binding %d is missing", ErrShader, file, i)
		}
	}
	for _, b := range widen {
		if b >= len(e.bindings) {
			return Source{}, fmt.Errorf("%w: %s has %d bindings, cannot widen number %d", ErrShader, file, len(e.bindings), b)
		}
	}
	return Source{File: file, Label: label(file, set, e.widen), Code: e.out.String(), Bindings: e.bindings}, nil
}

func label(file string, set []Setting, widen uint) string {
	var parts []string
	for _, s := range set {
		parts = append(parts, s.Name+"="+strings.TrimSuffix(s.Value, ".wgsl"))
	}
	if widen != 0 {
		parts = append(parts, fmt.Sprintf("rw=%b", widen))
	}
	stem := strings.TrimSuffix(path.Base(file), ".wgsl")
	if len(parts) == 0 {
		return stem
	}
	return stem + "[" + strings.Join(parts, ",") + "]"
}

type expander struct {
	values   map[string]string
	consts   map[string]string // settable constants so far, as WGSL writes them
	used     map[string]bool
	seen     map[string]bool
	widen    uint
	bindings []Binding
	out      strings.Builder
}

func (e *expander) include(file string) error {
	if e.seen[file] {
		return nil
	}
	e.seen[file] = true
	text, err := Text(file)
	if err != nil {
		return err
	}
	if n, err := e.lines(strings.Split(strings.TrimSuffix(text, "\n"), "\n")); err != nil {
		return fmt.Errorf("%s:%d: %w", file, n+1, err)
	}
	return nil
}

// lines writes lines, those between "//@for i N" and its "//@end" N times with $i
// replaced by 0 to N-1. It returns the number of the line that it stopped at.
func (e *expander) lines(lines []string) (int, error) {
	for n := 0; n < len(lines); n++ {
		if endLine.MatchString(lines[n]) {
			return n, fmt.Errorf("%w: //@end without //@for", ErrShader)
		}
		m := forLine.FindStringSubmatch(lines[n])
		if m == nil {
			if err := e.line(lines[n]); err != nil {
				return n, err
			}
			continue
		}
		times, err := e.times(m[2])
		if err != nil {
			return n, err
		}
		end := n + 1
		for open := 1; ; end++ {
			if end == len(lines) {
				return n, fmt.Errorf("%w: //@for without //@end", ErrShader)
			}
			if forLine.MatchString(lines[end]) {
				open++
			} else if endLine.MatchString(lines[end]) {
				if open--; open == 0 {
					break
				}
			}
		}
		for i := range times {
			body := slices.Clone(lines[n+1 : end])
			for j := range body {
				body[j] = strings.ReplaceAll(body[j], "$"+m[1], strconv.Itoa(i))
			}
			if at, err := e.lines(body); err != nil {
				return n + 1 + at, err
			}
		}
		n = end
	}
	return 0, nil
}

// maxTimes bounds the repetitions of a //@for.
const maxTimes = 64

// times is how often a //@for repeats: a number, or a constant that stands before it.
func (e *expander) times(name string) (int, error) {
	text := name
	if v, ok := e.consts[name]; ok {
		text = strings.TrimSuffix(v, "u")
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxTimes {
		return 0, fmt.Errorf("%w: //@for over %q: neither a number up to %d nor a u32 constant above", ErrShader, name, maxTimes)
	}
	return n, nil
}

func (e *expander) line(line string) error {
	if m := useLine.FindStringSubmatch(line); m != nil {
		file := m[1]
		if v, ok := e.values[m[2]]; ok && m[2] != "" {
			file, e.used[m[2]] = v, true
		}
		return e.include(file)
	}
	if m := constLine.FindStringSubmatch(line); m != nil {
		if v, ok := e.values[m[2]]; ok {
			e.used[m[2]] = true
			lit, err := literal(m[4], v)
			if err != nil {
				return fmt.Errorf("%w: %s: %w", ErrShader, m[2], err)
			}
			m[6] = lit
			line = m[1] + m[2] + m[3] + m[4] + m[5] + lit + m[7]
		}
		e.consts[m[2]] = m[6]
	}
	if m := bindingLine.FindStringSubmatch(line); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil || n > 31 {
			return fmt.Errorf("%w: binding number %s is over 31", ErrShader, m[1])
		}
		b := Binding{Name: m[3], Access: Read}
		switch {
		case m[2] == "uniform":
			b.Access = Uniform
		case strings.HasSuffix(m[2], "read_write"):
			b.Access = ReadWrite
		case e.widen&(1<<n) != 0:
			b.Access = ReadWrite
			line = strings.Replace(line, m[2], "storage, read_write", 1)
		}
		for len(e.bindings) <= n {
			e.bindings = append(e.bindings, Binding{})
		}
		if e.bindings[n].Name != "" {
			return fmt.Errorf("%w: binding %d is declared twice", ErrShader, n)
		}
		e.bindings[n] = b
	}
	e.out.WriteString(line)
	e.out.WriteByte('\n')
	return nil
}

func literal(typ, value string) (string, error) {
	switch typ {
	case "u32":
		if _, err := strconv.ParseUint(value, 10, 32); err != nil {
			return "", fmt.Errorf("%q is no u32", value)
		}
		return value + "u", nil
	case "i32":
		if _, err := strconv.ParseInt(value, 10, 32); err != nil {
			return "", fmt.Errorf("%q is no i32", value)
		}
		return value + "i", nil
	case "bool":
		switch value {
		case "0":
			return "false", nil
		case "1":
			return "true", nil
		}
		return "", fmt.Errorf("%q is no bool (0 or 1)", value)
	}
	f, err := strconv.ParseFloat(value, 32)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return "", fmt.Errorf("%q is no f32", value)
	}
	return fmt.Sprintf("f32(%g)", f), nil
}
