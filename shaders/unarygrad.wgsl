// dx = dy * act'(x), element by element.
//
// x, dy, dx: [N, H, W, C], channels padded to four. Settable: ACT
// (activation.wgsl). Workgroup: 64 invocations, one vector each.

//@use grid.wgsl
//@use slope.wgsl

struct Params {
  vectors: u32,  // N*H*W*C4
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  dx[i] = dy[i] * slope(x[i]);
}
