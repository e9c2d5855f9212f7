package shaders

import (
	"fmt"
	"regexp"
)

// Field is one member of a uniform struct: four bytes, in declaration order.
type Field struct{ Name, Type string } // Type is u32, i32 or f32

var (
	uniformVar  = regexp.MustCompile(`(?m)^\s*@group\(0\)\s*@binding\(\d+\)\s*var<\s*uniform\s*>\s*\w+\s*:\s*(\w+)\s*;`)
	structField = regexp.MustCompile(`(?m)^\s*(\w+)\s*:\s*(\w+)\s*,`)
)

// UniformFields returns the members of the struct that file binds as its
// uniform, nil when it binds none. Only 32-bit scalars are allowed, so that
// member i lies at byte 4i on every platform.
func UniformFields(file string) ([]Field, error) {
	text, err := Text(file)
	if err != nil {
		return nil, err
	}
	m := uniformVar.FindStringSubmatch(text)
	if m == nil {
		return nil, nil
	}
	body := regexp.MustCompile(`struct\s+` + m[1] + `\s*\{([^}]*)\}`).FindStringSubmatch(text)
	if body == nil {
		return nil, fmt.Errorf("%w: %s: struct %s is not declared in the file", ErrShader, file, m[1])
	}
	var fields []Field
	for _, f := range structField.FindAllStringSubmatch(body[1], -1) {
		if f[2] != "u32" && f[2] != "i32" && f[2] != "f32" {
			return nil, fmt.Errorf("%w: %s: uniform member %s has type %s, want u32, i32 or f32", ErrShader, file, f[1], f[2])
		}
		fields = append(fields, Field{f[1], f[2]})
	}
	return fields, nil
}
