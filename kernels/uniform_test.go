package kernels

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/drdc-dev/drdc/shaders"
)

func TestEncodeUniform(t *testing.T) {
	for _, r := range []struct {
		u    any
		want []byte
	}{
		{nil, nil},
		{struct{ A uint32 }{1}, []byte{1, 0, 0, 0, 15: 0}},
		{struct {
			A uint32
			B int32
			C float32
			D uint32
			E uint32
		}{0x04030201, -2, 1, 5, 6}, []byte{1, 2, 3, 4, 0xfe, 0xff, 0xff, 0xff, 0, 0, 0x80, 0x3f, 5, 0, 0, 0, 6, 31: 0}},
	} {
		if got := EncodeUniform(r.u); !bytes.Equal(got, r.want) {
			t.Errorf("%+v: got % x, want % x", r.u, got, r.want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a 64-bit field is accepted")
		}
	}()
	EncodeUniform(struct{ A uint64 }{1})
}

// TestDispatches checks what every case of the table asks of a device, in all
// variants: that its shader expands, that the uniform's fields are the WGSL
// members, that inputs are bound to what is read and outputs to what is written,
// and that the grid is within WebGPU's default limits.
func TestDispatches(t *testing.T) {
	expanded := map[string]parsed{}
	for _, e := range Table() {
		used := map[string]bool{}
		for _, c := range e.Cases {
			out, err := c.Op.Infer(c.In)
			if err != nil {
				t.Errorf("%s, %s: %v", e.Name, c.Name, err)
				continue
			}
			for _, v := range Variants() {
				target := DefaultTarget().As(v)
				rec, err := c.Op.Record(target, c.In, out)
				if err != nil {
					t.Errorf("%s, %s: %v", e.Name, c.Name, err)
				}
				if len(rec.Steps) == 0 {
					t.Errorf("%s, %s: no dispatches", e.Name, c.Name)
				}
				written := map[int]bool{}
				for i, d := range rec.Steps {
					used[d.Shader] = true
					if err := checkDispatch(expanded, d, len(c.In), len(out), rec.Temps, written); err != "" {
						t.Errorf("%s, %s, %s tiles, dispatch %d of %s: %s", e.Name, c.Name, v.Name, i, d.Shader, err)
					}
				}
			}
		}
		for _, f := range e.Files {
			if !used[f] {
				t.Errorf("%s: no case runs %s", e.Name, f)
			}
			delete(used, f)
		}
		for f := range used {
			if owner := owners()[f]; owner == "" {
				t.Errorf("%s runs %s, which no operation lists", e.Name, f)
			}
		}
	}
}

// parsed is a shader that many dispatches share.
type parsed struct {
	shaders.Source
	fields []shaders.Field
}

// checkDispatch says what is wrong with d; written are the outputs that dispatches before
// it wrote.
func checkDispatch(expanded map[string]parsed, d Dispatch, in, out int, temps []int, written map[int]bool) string {
	key := fmt.Sprint(d.Shader, d.Set)
	src, ok := expanded[key]
	if !ok {
		var err error
		if src.Source, err = shaders.Expand(d.Shader, d.Set, nil); err != nil {
			return err.Error()
		}
		if src.fields, err = shaders.UniformFields(d.Shader); err != nil {
			return err.Error()
		}
		expanded[key] = src
	}
	operands := len(src.Bindings)
	if d.Uniform != nil {
		operands--
		if src.Bindings[operands].Access != shaders.Uniform {
			return "the uniform is not the last binding"
		}
	}
	if text := matchUniform(d.Uniform, src.fields); text != "" {
		return text
	}
	if operands != len(d.Bind) || operands-windowsOf(d) > 8 {
		return "bindings do not match, or more than 8 are storage"
	}
	if windowsOf(d) > 6 {
		return "more than 6 windows, which is all that drivers take beside the uniform"
	}
	lists := [...]int{in, out, len(temps)}
	for i, o := range d.Bind {
		if o.Index >= lists[o.Kind] {
			return "a binding is past the end of its list"
		}
		access := src.Bindings[i].Access
		if o.Uniform != (access == shaders.Uniform) {
			return "binding " + src.Bindings[i].Name + " is a window on one side alone"
		}
		if o.Uniform {
			continue
		}
		if o.Kind == InKind && access != shaders.Read || o.Kind == OutKind && access != shaders.ReadWrite && !written[o.Index] {
			return "binding " + src.Bindings[i].Name + " has the wrong access"
		}
		if o.Kind == OutKind {
			written[o.Index] = true
		}
	}
	for _, g := range d.Groups {
		if g < 1 || g > 65535 {
			return "the grid is empty or over 65,535 groups"
		}
	}
	return ""
}

// windowsOf counts the operands that are read as uniforms: Mesa 22.3 takes seven uniform
// bindings.
func windowsOf(d Dispatch) int {
	n := 0
	for _, o := range d.Bind {
		if o.Uniform {
			n++
		}
	}
	return n
}

// matchUniform says how the Go struct u differs from the WGSL members.
func matchUniform(u any, fields []shaders.Field) string {
	if u == nil {
		if len(fields) > 0 {
			return "no uniform is given"
		}
		return ""
	}
	typ := reflect.TypeOf(u)
	if typ.NumField() != len(fields) {
		return "the uniform has another number of members"
	}
	kinds := map[reflect.Kind]string{reflect.Uint32: "u32", reflect.Int32: "i32", reflect.Float32: "f32"}
	for i, f := range fields {
		g := typ.Field(i)
		if !strings.EqualFold(g.Name, f.Name) || kinds[g.Type.Kind()] != f.Type {
			return "uniform member " + f.Name + ": " + f.Type + " is " + g.Name + " " + g.Type.String() + " in Go"
		}
	}
	return ""
}
