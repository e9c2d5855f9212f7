package gpu

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestShaderError(t *testing.T) {
	const head = "@group(0) @binding(0) var<storage, read_write> x: array<u32>;\n@compute @workgroup_size(1)\n"
	cases := []struct {
		name, code string
		line       int // 0 if the compiler names none
	}{
		{"syntax", head + "fn main() {\n\tx[0] = = 1u;\n}", 4},
		{"type", head + "fn main() {\n\n\tx[0] = 1.5;\n}", 5},
		{"unknown name", head + "fn main() { x[0] = y; }", 3},
		{"no main", strings.Replace(head, "@compute @workgroup_size(1)", "", 1) + "fn other() { x[0] = 1u; }", 0},
		{"binding of another kind", "@group(0) @binding(0) var<uniform> x: vec4u;\n@group(0) @binding(1) var<storage, read_write> y: array<u32>;\n@compute @workgroup_size(1)\nfn main() { y[0] = x.x; }", 0},
		{"binding past the list", strings.Replace(head, "binding(0)", "binding(3)", 1) + "fn main() { x[0] = 1u; }", 0},
		{"workgroup over the limit", strings.Replace(head, "size(1)", "size(100000)", 1) + "fn main() { x[0] = 1u; }", 0},
	}
	d := open(t, Options{})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := d.Pipeline(context.Background(), Program{Label: "bad[A=1]", File: "bad.wgsl", Code: c.code, Bindings: []Access{ReadWrite}})
			var e *ShaderError
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want a ShaderError", err)
			}
			if e.Label != "bad[A=1]" || e.File != "bad.wgsl" || e.Line != c.line || (e.Column > 0) != (c.line > 0) || e.Text == "" {
				t.Errorf("%#v, want line %d", e, c.line)
			}
			t.Log(err)
		})
	}
	pipeline(t, d, add)
	if got := d.Used().Pipelines; got != 1 {
		t.Errorf("%d pipelines counted, want 1", got)
	}
}

func TestProgramErrors(t *testing.T) {
	limits := DefaultLimits()
	d := open(t, Options{Limits: &limits})
	cases := []struct {
		name     string
		bindings []Access
		err      error
		part     string
	}{
		{"storage", make([]Access, 9), ErrTooLarge, "9 storage bindings"},
		{"uniform", []Access{Uniform, Uniform, Uniform, Uniform, Uniform, Uniform, Uniform, Uniform, Uniform, Uniform, Uniform, Uniform, Uniform}, ErrTooLarge, "13 uniform bindings"},
		{"unknown", []Access{Read, 7}, ErrInvalid, "binding 1 has access 7"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := d.Pipeline(context.Background(), Program{Label: c.name, Code: addWGSL, Bindings: c.bindings})
			wantError(t, err, c.err, c.name, c.part)
		})
	}
}

// variant is a program of its own for each i.
func variant(i int) Program {
	return Program{
		Label: fmt.Sprintf("add[%d]", i), File: "add.wgsl", Bindings: []Access{ReadWrite},
		Code: strings.Replace(addWGSL, "+ 1u", fmt.Sprintf("+ %du", i), 1),
	}
}

func TestCompile(t *testing.T) {
	const n = 24
	d := open(t, Options{})
	var programs []Program
	for i := range n {
		programs = append(programs, variant(i), variant(i))
	}
	var seen []int
	check(t, d.Compile(context.Background(), programs, func(done, total int) {
		if total != 2*n {
			t.Errorf("total %d, want %d", total, 2*n)
		}
		seen = append(seen, done)
	}))
	for i, done := range seen {
		if done != i {
			t.Fatalf("progress %v", seen)
		}
	}
	if len(seen) != 2*n+1 {
		t.Errorf("%d calls of progress, want %d", len(seen), 2*n+1)
	}
	if got := d.Used().Pipelines; got != n {
		t.Errorf("%d pipelines of %d programs", got, n)
	}
	if first, again := pipeline(t, d, variant(3)), pipeline(t, d, variant(3)); first != again {
		t.Error("the pipeline was not cached")
	}
}

// Errors must not move between programs that compile at the same time.
func TestCompileErrors(t *testing.T) {
	d := open(t, Options{})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			p := variant(i)
			if i%2 == 1 {
				p.Code = strings.Replace(p.Code, "\n", strings.Repeat("\n", 1+i), 1) + "!"
			}
			_, err := d.Pipeline(context.Background(), p)
			var e *ShaderError
			if errors.As(err, &e) != (i%2 == 1) {
				t.Errorf("%s: %v", p.Label, err)
			} else if e != nil && (e.Label != p.Label || e.Line != strings.Count(p.Code, "\n")+1) {
				t.Errorf("%s got the error of %s, line %d", p.Label, e.Label, e.Line)
			}
		}()
	}
	wg.Wait()

	programs := []Program{variant(100), {Label: "first", Code: "?"}, variant(101), {Label: "second", Code: "?"}}
	err := d.Compile(context.Background(), programs, nil)
	var e *ShaderError
	if !errors.As(err, &e) || e.Label != "first" {
		t.Errorf("got %v, want the error of the first program", err)
	}
	if got := d.Used().Pipelines; got != 34 {
		t.Errorf("%d pipelines, want 34", got)
	}
	check(t, d.Compile(context.Background(), nil, nil))

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	wantError(t, d.Compile(ctx, []Program{variant(200)}, nil), context.Canceled, "add[200]")
	pipeline(t, d, variant(200))
}
