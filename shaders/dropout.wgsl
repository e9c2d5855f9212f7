// y = x * scale where a random word is at least the threshold, else 0.
//
// x, y: [N, H, W, C], channels padded to four (C4 vectors of four); key: four
// words. The words of vector j of pixel q are Philox4x32-10 (philox.wgsl) with the
// key (key.x, key.y) and the counter (q, j, key.z, key.w + stream).
// Workgroup: 64 invocations, one vector each.

//@use grid.wgsl
//@use philox.wgsl

struct Params {
  vectors: u32,  // N*H*W*C4
  c4: u32,
  stream: u32,
  threshold: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> key: array<vec4u>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let k = key[0];
  let r = philox(vec4u(i / p.c4, i % p.c4, k.z, k.w + p.stream), k.xy);
  y[i] = select(vec4f(0.0), x[i] * p.scale, r >= vec4u(p.threshold));
}
