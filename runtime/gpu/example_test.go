//go:build !js

package gpu_test

import (
	"context"
	"fmt"

	"github.com/drdc-dev/drdc/runtime/gpu"
)

func Example() {
	double := gpu.Program{
		Label: "double", File: "double.wgsl", Bindings: []gpu.Access{gpu.ReadWrite},
		Code: `@group(0) @binding(0) var<storage, read_write> x: array<u32>;
@compute @workgroup_size(4)
fn main(@builtin(global_invocation_id) id: vec3u) { x[id.x] = 2u * x[id.x]; }`,
	}
	data := []byte{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0}
	err := func() error {
		ctx := context.Background()
		d, err := gpu.Open(ctx, gpu.Options{Device: "auto"})
		if err != nil {
			return err
		}
		defer d.Close()
		x, err := d.NewBuffer("x", 16, gpu.UseStorage)
		if err != nil {
			return err
		}
		if err := d.Write(x, 0, data); err != nil {
			return err
		}
		p, err := d.Pipeline(ctx, double)
		if err != nil {
			return err
		}
		r, err := d.NewRecording("step", []gpu.Step{
			gpu.Dispatch{Label: "double", Pipeline: p, Bind: []gpu.Bind{{Buffer: x}}, Groups: [3]uint32{1, 1, 1}},
		})
		if err != nil {
			return err
		}
		if err := d.Submit(r, r, r); err != nil {
			return err
		}
		return d.Read(ctx, x, 0, data)
	}()
	fmt.Println(data, err)
	// Output: [8 0 0 0 16 0 0 0 24 0 0 0 32 0 0 0] <nil>
}
