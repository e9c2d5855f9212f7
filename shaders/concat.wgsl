// Copies x into channels first to first+C-1 of y: one input of a concatenation.
// Inputs run in order: the lanes before first keep what the input before wrote,
// those behind become zero, so that the next input or the padding finds zero.
//
// x: [N, H, W, C] (XC4 vectors a pixel), y: [N, H, W, sum of C] (YC4 vectors a
// pixel); channels tightly packed. Workgroup: 64 invocations, one vector of y
// each, of those that hold a channel of x.

//@use grid.wgsl
//@use lanes.wgsl

struct Params {
  vectors: u32,  // N*H*W*span
  span: u32,     // vectors of one pixel of y that hold a channel of x
  xc4: u32,
  yc4: u32,
  first: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let pixel = i / p.span;
  let j = i % p.span;
  let to = pixel * p.yc4 + p.first / 4u + j;
  let shift = p.first % 4u;
  var before = vec4f(0.0);
  var here = vec4f(0.0);
  if (j < p.xc4) { here = x[pixel * p.xc4 + j]; }
  if (shift == 0u) {
    y[to] = here;
    return;
  }
  if (j > 0u) { before = x[pixel * p.xc4 + j - 1u]; }
  var v = lanes_from(before, here, 4u - shift);
  if (j == 0u) { v = select(v, y[to], vec4u(0u, 1u, 2u, 3u) < vec4u(shift)); }
  y[to] = v;
}
