// y = x sampled to another size, without antialiasing.
//
// x: [N, XH, XW, C], y: [N, H, W, C], channels padded to four (C4 vectors).
// A source coordinate is a quotient of integers, so that no rounding of a scale
// moves it: nearest floor(i in / out); bilinear (i + 1/2) in / out - 1/2, at
// least 0, or with corners aligned i (in - 1) / (out - 1).
// Settable: BILINEAR (else nearest), CORNERS (corners aligned).
// Workgroup: 64 invocations, one vector of y each.

//@use grid.wgsl
//@use pixel.wgsl

const BILINEAR: bool = false; //@set
const CORNERS: bool = false; //@set

struct Params {
  vectors: u32,  // N*H*W*C4 of y
  c4: u32,
  h: u32,
  w: u32,
  xh: u32,
  xw: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

// The pixels around a coordinate, and the weight of the second.
struct Span {
  low: u32,
  high: u32,
  weight: f32,
}

fn span(i: u32, size: u32, out: u32) -> Span {
  var num = max((2u * i + 1u) * size, out) - out;
  var den = 2u * out;
  if (CORNERS) {
    num = i * (size - 1u);
    den = max(out, 2u) - 1u;
  }
  let low = num / den;
  return Span(low, min(low + 1u, size - 1u), f32(num % den) / f32(den));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let c = i % p.c4;
  let at = pixel_at(i / p.c4, p.h, p.w);
  let image = at.x * p.xh;
  if (!BILINEAR) {
    let row = image + at.y * p.xh / p.h;
    y[i] = x[(row * p.xw + at.z * p.xw / p.w) * p.c4 + c];
    return;
  }
  let v = span(at.y, p.xh, p.h);
  let u = span(at.z, p.xw, p.w);
  let top = (image + v.low) * p.xw;
  let bottom = (image + v.high) * p.xw;
  let a = mix(x[(top + u.low) * p.c4 + c], x[(top + u.high) * p.c4 + c], u.weight);
  let b = mix(x[(bottom + u.low) * p.c4 + c], x[(bottom + u.high) * p.c4 + c], u.weight);
  y[i] = mix(a, b, v.weight);
}
