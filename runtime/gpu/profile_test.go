package gpu

import (
	"context"
	"testing"
)

func TestProfileX(t *testing.T) {
	ctx := context.Background()
	d := open(t, Options{})
	b := must(d.NewBuffer("b", 1<<20, UseStorage))(t)
	code := `@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
	var v = x[id.x];
	for (var i = 0u; i < 1000u; i++) { v = v * 1.0001 + 0.5; }
	x[id.x] = v;
}`
	p := must(d.Pipeline(ctx, Program{Label: "spin", File: "spin.wgsl", Code: code, Bindings: []Access{ReadWrite}}))(t)
	var steps []Step
	for range 100 {
		steps = append(steps, Dispatch{Label: "spin", Pipeline: p, Bind: []Bind{{Buffer: b}}, Groups: [3]uint32{4096, 1, 1}})
	}
	r := must(d.NewRecording("r", steps))(t)
	for range 3 {
		times := must(d.Profile(ctx, r))(t)
		sum := 0.0
		for _, x := range times {
			sum += x.Seconds
		}
		t.Log(len(times), times[0], times[99], sum)
		wall, err := d.wallTimes(ctx, r)
		sum = 0
		for _, x := range wall {
			sum += x
		}
		t.Log(wall[0], wall[99], sum, err)
	}
}
