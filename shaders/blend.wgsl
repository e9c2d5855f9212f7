// y = a * y + b * x, in place; with a = 0 what y holds, NaN too, does not count.
//
// y, x: vectors of four; coef: (a, b). Workgroup: 64 invocations, one vector each.

//@use grid.wgsl

struct Params {
  vectors: u32,
}

@group(0) @binding(0) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> coef: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  y[i] = select(coef[0] * y[i], vec4f(0.0), coef[0] == 0.0) + coef[1] * x[i];
}
