// y = maximum or mean of x over a window of KH x KW pixels; pixels outside x
// do not take part.
//
// x: [N, XH, XW, C], y: [N, H, W, C], channels padded to four (C4 vectors).
// Settable: MAX (maximum, else mean), COUNT_PAD (the mean divides by KH*KW also
// at the border). Workgroup: 64 invocations, one vector of y each.

//@use grid.wgsl
//@use pixel.wgsl

const MAX: bool = false; //@set
const COUNT_PAD: bool = false; //@set

struct Params {
  vectors: u32,  // N*H*W*C4 of y
  c4: u32,
  h: u32,
  w: u32,
  xh: u32,
  xw: u32,
  kh: u32,
  kw: u32,
  sh: u32,
  sw: u32,
  top: u32,
  left: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let at = pixel_at(i / p.c4, p.h, p.w);
  // The window counted from the padded corner, cut to the pixels of x.
  let y0 = at.y * p.sh;
  let x0 = at.z * p.sw;
  let first = vec2u(max(y0, p.top) - p.top, max(x0, p.left) - p.left);
  let end = vec2u(min(y0 + p.kh - p.top, p.xh), min(x0 + p.kw - p.left, p.xw));
  var row = ((at.x * p.xh + first.x) * p.xw + first.y) * p.c4 + i % p.c4;
  var v = vec4f(0.0);
  if (MAX) { v = x[row]; }
  for (var r = first.x; r < end.x; r++) {
    var k = row;
    for (var c = first.y; c < end.y; c++) {
      if (MAX) { v = max(v, x[k]); } else { v += x[k]; }
      k += p.c4;
    }
    row += p.xw * p.c4;
  }
  if (!MAX) {
    let size = end - first;
    v /= f32(select(size.x * size.y, p.kh * p.kw, COUNT_PAD));
  }
  y[i] = v;
}
