// Copies x, as it is read, into vectors first4 on of the pixels of v, with zeros around it:
// what a direct convolution reads through windows.
//
// x: [N, XH, XW, C]; coef: with NORM what groupnorm_coef.wgsl leaves, else never read;
// v: [N, H, W, row vectors]. Settable: NORM, SILU, UP (source.wgsl).
// Workgroup: 64 invocations, one vector of x's channels each.

//@use grid.wgsl
//@use pixel.wgsl
//@use source.wgsl

struct Params {
  vectors: u32,  // N*H*W*C4
  c4: u32,       // vectors of a pixel of x
  row4: u32,     // and of v
  first4: u32,
  h: u32,
  w: u32,
  xh: u32,       // of x as it is read
  xw: u32,
  top: i32,
  left: i32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> coef: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let pixel = i / p.c4;
  let c = i % p.c4;
  let at = pixel_at(pixel, p.h, p.w);
  let sy = u32(i32(at.y) - p.top);
  let sx = u32(i32(at.z) - p.left);
  let inside = sy < p.xh && sx < p.xw;
  if (NORM) {
    let k = (at.x * p.row4 + p.first4 + c) * 3u;
    mean = coef[k];
    gain = coef[k + 1u];
    shift = coef[k + 2u];
  }
  let begin = select(0u, ((at.x * (p.xh >> UP) + (sy >> UP)) * (p.xw >> UP) + (sx >> UP)) * p.c4 + c, inside);
  v[pixel * p.row4 + p.first4 + c] = select(vec4f(0.0), source(x[begin]), inside);
}
