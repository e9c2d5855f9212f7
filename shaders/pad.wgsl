// y = x with rows and columns added around it.
//
// x: [N, XH, XW, C], y: [N, H, W, C], channels padded to four (C4 vectors).
// Settable: MODE (0 constant, 1 reflect without repeating the border, 2 repeat
// the border). Workgroup: 64 invocations, one vector of y each.

//@use grid.wgsl
//@use pixel.wgsl
//@use channels.wgsl

const MODE: u32 = 0u; //@set

struct Params {
  vectors: u32,  // N*H*W*C4 of y
  c4: u32,
  channels: u32,
  h: u32,
  w: u32,
  xh: u32,
  xw: u32,
  top: i32,
  left: i32,
  value: f32,
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
  let last = vec2i(i32(p.xh), i32(p.xw)) - 1;
  let want = vec2i(i32(at.y) - p.top, i32(at.z) - p.left);
  var source = clamp(want, vec2i(0), last);
  if (MODE == 1u) { source = last - abs(last - abs(want)); }
  var v = x[((at.x * p.xh + u32(source.x)) * p.xw + u32(source.y)) * p.c4 + c];
  if (MODE == 0u && any(want != source)) {
    v = keep_channels(vec4f(p.value), c * 4u, p.channels);
  }
  y[i] = v;
}
