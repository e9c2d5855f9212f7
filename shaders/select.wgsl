// y = a where mask is not zero, b elsewhere; a choice, not a blend, so that a
// value not taken may be NaN.
//
// mask, a, b, y: [N, H, W, C], channels padded to four (C4 vectors of four). A
// stride is in vectors and 0 where the operand is repeated; channel stride 0
// repeats lane 0. Workgroup: 64 invocations, one vector each.

//@use grid.wgsl
//@use pixel.wgsl
//@use channels.wgsl

struct Params {
  vectors: u32,  // N*H*W*C4
  c4: u32,
  channels: u32,
  h: u32,
  w: u32,
  mn: u32,
  mh: u32,
  mw: u32,
  mc: u32,
  an: u32,
  ah: u32,
  aw: u32,
  ac: u32,
  bn: u32,
  bh: u32,
  bw: u32,
  bc: u32,
}

@group(0) @binding(0) var<storage, read> mask: array<vec4f>;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let c = i % p.c4;
  let at = pixel_at(i / p.c4, p.h, p.w);
  var m = mask[at.x * p.mn + at.y * p.mh + at.z * p.mw + c * p.mc];
  var u = a[at.x * p.an + at.y * p.ah + at.z * p.aw + c * p.ac];
  var v = b[at.x * p.bn + at.y * p.bh + at.z * p.bw + c * p.bc];
  m = select(m, m.xxxx, p.mc == 0u);
  u = select(u, u.xxxx, p.ac == 0u);
  v = select(v, v.xxxx, p.bc == 0u);
  y[i] = keep_channels(select(v, u, m != vec4f(0.0)), c * 4u, p.channels);
}
