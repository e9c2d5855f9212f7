// y = x with zeros between its pixels.
//
// x: [N, XH, XW, C], y: [N, H, W, C], channels padded to four (C4 vectors).
// Workgroup: 64 invocations, one vector of y each.

//@use grid.wgsl
//@use pixel.wgsl

struct Params {
  vectors: u32,  // of y
  c4: u32,
  h: u32,
  w: u32,
  xh: u32,
  xw: u32,
  stride_y: u32,
  stride_x: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let at = pixel_at(i / p.c4, p.h, p.w);
  var v = vec4f(0.0);
  if (at.y % p.stride_y == 0u && at.z % p.stride_x == 0u) {
    v = x[((at.x * p.xh + at.y / p.stride_y) * p.xw + at.z / p.stride_x) * p.c4 + i % p.c4];
  }
  y[i] = v;
}
