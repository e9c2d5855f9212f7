package shaders

import (
	"errors"
	"slices"
	"testing"
)

func TestUniformFields(t *testing.T) {
	for _, r := range []struct {
		file string
		want []Field
	}{
		{"unary.wgsl", []Field{{"vectors", "u32"}, {"c4", "u32"}, {"channels", "u32"}}},
		{"clamp.wgsl", []Field{{"vectors", "u32"}, {"c4", "u32"}, {"channels", "u32"}, {"lo", "f32"}, {"hi", "f32"}}},
		{"grid.wgsl", nil},
	} {
		got, err := UniformFields(r.file)
		if err != nil || !slices.Equal(got, r.want) {
			t.Errorf("%s: got %v, %v, want %v", r.file, got, err, r.want)
		}
	}
	if _, err := UniformFields("nothing.wgsl"); !errors.Is(err, ErrShader) {
		t.Errorf("got %v, want an error of the package", err)
	}
}

// TestUniformsAreScalars checks every stored shader that binds a uniform.
func TestUniformsAreScalars(t *testing.T) {
	for _, name := range Names() {
		src, err := Expand(name, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		fields, err := UniformFields(name)
		if err != nil {
			t.Error(err)
		}
		binds := slices.ContainsFunc(src.Bindings, func(b Binding) bool { return b.Access == Uniform })
		if binds != (len(fields) > 0) {
			t.Errorf("%s: binds a uniform: %t, members %v", name, binds, fields)
		}
	}
}
