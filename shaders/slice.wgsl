// y = x from first on along one axis.
//
// x, y: [N, H, W, C], channels padded to four (C4 vectors of four a pixel of y).
// base is the place in x, in vectors, of the first vector of y; lane is the lane
// there of channel 0 of y. Workgroup: 64 invocations, one vector each.

//@use grid.wgsl
//@use pixel.wgsl
//@use lanes.wgsl
//@use channels.wgsl

struct Params {
  vectors: u32,  // N*H*W*C4 of y
  c4: u32,
  channels: u32,
  h: u32,
  w: u32,
  base: u32,
  lane: u32,
  xn: u32,       // strides of x, in vectors
  xh: u32,
  xw: u32,
  left: u32,     // vectors of a pixel of x from its base vector on
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
  let source = p.base + at.x * p.xn + at.y * p.xh + at.z * p.xw + c;
  var v = x[source];
  if (p.lane != 0u) {
    var next = vec4f(0.0);
    if (c + 1u < p.left) { next = x[source + 1u]; }
    v = lanes_from(v, next, p.lane);
  }
  y[i] = keep_channels(v, c * 4u, p.channels);
}
