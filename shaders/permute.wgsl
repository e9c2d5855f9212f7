// y[i] = x[j], where axis a of y is axis order[a] of x.
//
// x, y: [N, H, W, C], channels padded to four (C4 vectors of four a pixel of y).
// sn, sh, sw, sc are the strides in x, in values, of the axes of y.
// Settable: WHOLE (the channels stay the channels: whole vectors move).
// Workgroup: 64 invocations, one vector of y each.

//@use grid.wgsl
//@use pixel.wgsl

const WHOLE: bool = false; //@set

struct Params {
  vectors: u32,  // N*H*W*C4 of y
  c4: u32,
  channels: u32,
  h: u32,
  w: u32,
  sn: u32,
  sh: u32,
  sw: u32,
  sc: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let c = (i % p.c4) * 4u;
  let at = pixel_at(i / p.c4, p.h, p.w);
  let base = at.x * p.sn + at.y * p.sh + at.z * p.sw + c * p.sc;
  if (WHOLE) {
    y[i] = x[base / 4u];
    return;
  }
  var v = vec4f(0.0);
  for (var lane = 0u; lane < min(4u, p.channels - c); lane++) {
    let k = base + lane * p.sc;
    v[lane] = x[k / 4u][k % 4u];
  }
  y[i] = v;
}
