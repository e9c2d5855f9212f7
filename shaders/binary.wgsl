// y = act(a op b), element by element; an extent of 1 of a or b is repeated.
//
// a, b, y: [N, H, W, C], channels padded to four (C4 vectors of four). A stride
// is in vectors and 0 where the operand is repeated; channel stride 0 repeats
// lane 0.
// Settable: OP (0 add, 1 subtract, 2 multiply, 3 divide, 4 maximum, 5 minimum),
// SAME (the shapes are equal), ACT (activation.wgsl).
// Workgroup: 64 invocations, one vector each.

//@use grid.wgsl
//@use pixel.wgsl
//@use channels.wgsl
//@use activation.wgsl

const OP: u32 = 0u; //@set
const SAME: bool = false; //@set

struct Params {
  vectors: u32,  // N*H*W*C4
  c4: u32,
  channels: u32,
  h: u32,
  w: u32,
  an: u32,
  ah: u32,
  aw: u32,
  ac: u32,
  bn: u32,
  bh: u32,
  bw: u32,
  bc: u32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

fn combine(u: vec4f, v: vec4f) -> vec4f {
  if (OP == 1u) { return u - v; }
  if (OP == 2u) { return u * v; }
  if (OP == 3u) { return u / v; }
  if (OP == 4u) { return max(u, v); }
  if (OP == 5u) { return min(u, v); }
  return u + v;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let c = i % p.c4;
  var u: vec4f;
  var v: vec4f;
  if (SAME) {
    u = a[i];
    v = b[i];
  } else {
    let at = pixel_at(i / p.c4, p.h, p.w);
    u = a[at.x * p.an + at.y * p.ah + at.z * p.aw + c * p.ac];
    v = b[at.x * p.bn + at.y * p.bh + at.z * p.bw + c * p.bc];
    u = select(u, u.xxxx, p.ac == 0u);
    v = select(v, v.xxxx, p.bc == 0u);
  }
  y[i] = keep_channels(activate(combine(u, v)), c * 4u, p.channels);
}
