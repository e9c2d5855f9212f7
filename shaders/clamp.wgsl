// y = min(max(x, lo), hi), element by element.
//
// x, y: [N, H, W, C], channels padded to four (C4 vectors of four).
// Workgroup: 64 invocations, one vector each.

//@use grid.wgsl
//@use channels.wgsl

struct Params {
  vectors: u32,  // N*H*W*C4
  c4: u32,
  channels: u32,
  lo: f32,
  hi: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  y[i] = keep_channels(clamp(x[i], vec4f(p.lo), vec4f(p.hi)), (i % p.c4) * 4u, p.channels);
}
