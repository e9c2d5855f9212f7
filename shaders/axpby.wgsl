// y = a x + b z, with a and b of each image read from a tensor.
//
// x, z, y: [N, H, W, C], channels padded to four; coef: [N or 1, 1, 1, 2],
// lanes (a, b). Workgroup: 64 invocations, one vector each.

//@use grid.wgsl

struct Params {
  vectors: u32,  // N*H*W*C4
  image: u32,    // H*W*C4 when each image has its coefficients, else 2^32-1
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> z: array<vec4f>;
@group(0) @binding(2) var<storage, read> coef: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let k = coef[i / p.image];
  y[i] = k.x * x[i] + k.y * z[i];
}
