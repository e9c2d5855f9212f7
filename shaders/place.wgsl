// y = x from (n0, h0, w0, c0) on, zero elsewhere.
//
// x: [XN, XH, XW, XC], y: [N, H, W, C], channels padded to four.
// Workgroup: 64 invocations, one vector of y each.

//@use grid.wgsl
//@use pixel.wgsl

struct Params {
  vectors: u32,  // of y
  c4: u32,
  h: u32,
  w: u32,
  xn: u32,
  xh: u32,
  xw: u32,
  xc: u32,
  xc4: u32,
  n0: u32,
  h0: u32,
  w0: u32,
  c0: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  // Places before the first wrap to large numbers.
  let at = pixel_at(i / p.c4, p.h, p.w) - vec3u(p.n0, p.h0, p.w0);
  let row = ((at.x * p.xh + at.y) * p.xw + at.z) * 4u * p.xc4;
  var v = vec4f(0.0);
  if (at.x < p.xn && at.y < p.xh && at.z < p.xw) {
    for (var j = 0u; j < 4u; j++) {
      let c = i % p.c4 * 4u + j - p.c0;
      if (c < p.xc) { v[j] = x[row + c]; }
    }
  }
  y[i] = v;
}
