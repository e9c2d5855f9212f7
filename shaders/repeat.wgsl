// y = scale * x, with the extents of 1 of x repeated.
//
// x, y: [N, H, W, C], channels padded to four (C4 vectors of four). A stride of x
// is in vectors and 0 where it is repeated; channel stride 0 repeats lane 0.
// Workgroup: 64 invocations, one vector of y each.

//@use grid.wgsl
//@use pixel.wgsl
//@use channels.wgsl

struct Params {
  vectors: u32,  // N*H*W*C4 of y
  c4: u32,
  channels: u32,
  h: u32,
  w: u32,
  xn: u32,
  xh: u32,
  xw: u32,
  xc: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let c = i % p.c4;
  let at = pixel_at(i / p.c4, p.h, p.w);
  let v = x[at.x * p.xn + at.y * p.xh + at.z * p.xw + c * p.xc];
  y[i] = keep_channels(p.scale * select(v, v.xxxx, p.xc == 0u), c * 4u, p.channels);
}
