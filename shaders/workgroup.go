package shaders

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	workgroupVar = regexp.MustCompile(`(?m)^\s*var<workgroup>\s*(\w+)\s*:\s*array<\s*(\w+)\s*,\s*(\w+)\s*>\s*;`)
	anyWorkgroup = regexp.MustCompile(`(?m)^\s*var<workgroup>`)
	scalarBytes  = map[string]int{"f32": 4, "u32": 4, "i32": 4, "vec2f": 8, "vec2u": 8, "vec4f": 16, "vec4u": 16}
)

// WorkgroupBytes is the workgroup memory that the shader declares. Native
// drivers do not all enforce the limit, so it is checked before they see it.
// Only arrays of scalars and vectors with a literal or constant length are
// understood; anything else is an error.
func (s Source) WorkgroupBytes() (int, error) {
	total := 0
	vars := workgroupVar.FindAllStringSubmatch(s.Code, -1)
	if n := len(anyWorkgroup.FindAllString(s.Code, -1)); n != len(vars) {
		return 0, fmt.Errorf("%w: %s: %d workgroup variables, %d of a known form", ErrShader, s.File, n, len(vars))
	}
	for _, v := range vars {
		size, ok := scalarBytes[v[2]]
		if !ok {
			return 0, fmt.Errorf("%w: %s: workgroup variable %s holds %s", ErrShader, s.File, v[1], v[2])
		}
		n, err := s.length(v[3])
		if err != nil {
			return 0, fmt.Errorf("%w: %s: workgroup variable %s: %w", ErrShader, s.File, v[1], err)
		}
		total += size * n
	}
	return total, nil
}

// length is the value of an array length: a literal, or a constant of the shader.
func (s Source) length(text string) (int, error) {
	if m := regexp.MustCompile(`(?m)^\s*const\s+` + text + `\s*:\s*u32\s*=\s*(\w+)\s*;`).FindStringSubmatch(s.Code); m != nil {
		text = m[1]
	}
	return strconv.Atoi(strings.TrimSuffix(text, "u"))
}
