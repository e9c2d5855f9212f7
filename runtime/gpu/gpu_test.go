package gpu

import (
	"context"
	"encoding/binary"
	"math"
	"testing"
)

const scaleWGSL = `
struct Params { n: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> src: array<f32>;
@group(0) @binding(1) var<storage, read_write> dst: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	if (id.x < params.n) { dst[id.x] = src[id.x] * params.scale; }
}
`

func open(t testing.TB, o Options) *Device {
	t.Helper()
	d, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func f32s(v ...float32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestKernel(t *testing.T) {
	ctx := context.Background()
	d := open(t, Options{})
	t.Logf("%+v", d.Adapter())
	const n = 1000
	src := must(d.NewBuffer("src", 4*n, UseStorage))(t)
	dst := must(d.NewBuffer("dst", 4*n, UseStorage))(t)
	par := must(d.NewBuffer("params", 8, UseUniform))(t)
	in := make([]float32, n)
	for i := range in {
		in[i] = float32(i)
	}
	if err := d.Write(src, 0, f32s(in...)); err != nil {
		t.Fatal(err)
	}
	if err := d.Write(par, 0, append(binary.LittleEndian.AppendUint32(nil, n), f32s(3)...)); err != nil {
		t.Fatal(err)
	}
	p := must(d.Pipeline(ctx, Program{Label: "scale", File: "scale.wgsl", Code: scaleWGSL, Bindings: []Access{Read, ReadWrite, Uniform}}))(t)
	r := must(d.NewRecording("r", []Step{Dispatch{Label: "scale", Pipeline: p, Bind: []Bind{{Buffer: src}, {Buffer: dst}, {Buffer: par}}, Groups: [3]uint32{(n + 63) / 64, 1, 1}}}))(t)
	if err := d.Submit(r); err != nil {
		t.Fatal(err)
	}
	if err := d.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 4*n)
	if err := d.Read(ctx, dst, 0, out); err != nil {
		t.Fatal(err)
	}
	for i := range in {
		if got := math.Float32frombits(binary.LittleEndian.Uint32(out[4*i:])); got != 3*in[i] {
			t.Fatalf("%d: %g, want %g", i, got, 3*in[i])
		}
	}
}
