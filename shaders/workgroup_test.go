package shaders

import (
	"errors"
	"testing"
)

func TestWorkgroupBytes(t *testing.T) {
	tests := []struct {
		name, code string
		bytes      int
		refused    bool
	}{
		{name: "none", code: "fn main() {}\n"},
		{name: "literals", code: "var<workgroup> a: array<vec4f, 256>;\nvar<workgroup> b: array<f32, 3u>;\n", bytes: 4108},
		{name: "a constant", code: "const N: u32 = 64u; //@set\nvar<workgroup> a: array<vec2u, N>;\n", bytes: 512},
		{name: "an unknown constant", code: "var<workgroup> a: array<f32, N>;\n", refused: true},
		{name: "an unknown type", code: "var<workgroup> a: array<mat4x4f, 2>;\n", refused: true},
		{name: "no array", code: "var<workgroup> a: f32;\n", refused: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, err := Source{File: "x.wgsl", Code: tt.code}.WorkgroupBytes()
			if n != tt.bytes || errors.Is(err, ErrShader) != tt.refused {
				t.Errorf("%d bytes, error %v; want %d bytes, refused %v", n, err, tt.bytes, tt.refused)
			}
		})
	}
}
