// y[i, j, k, c] = w[KH-1-i, KW-1-j, first + c, k]: the weight of a convolution as
// its gradient by the input reads it; of a depthwise one y[i, j, 0, c] =
// w[KH-1-i, KW-1-j, 0, c].
//
// w: [KH, KW, rows, K], y: [KH, KW, K padded to four, C], or both [KH, KW, 1, C],
// innermost extents padded to four. Workgroup: 64 invocations, one vector of y each.

//@use grid.wgsl

struct Params {
  vectors: u32,   // of y
  c4: u32,
  channels: u32,  // of y
  taps: u32,
  k: u32,
  k4: u32,
  rows: u32,      // of w
  first: u32,
  depthwise: u32, // 0 or 1
}

@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.vectors) { return; }
  let c = i % p.c4 * 4u;
  if (p.depthwise == 1u) {
    let at = ((p.taps - 1u - i / p.c4) * p.c4) * 4u + c;
    y[i] = vec4f(w[at], w[at + 1u], w[at + 2u], w[at + 3u]);
    return;
  }
  let k = i / p.c4 % (4u * p.k4);
  let tap = p.taps - 1u - i / p.c4 / (4u * p.k4);
  var v = vec4f(0.0);
  for (var j = 0u; j < 4u; j++) {
    if (k < p.k && c + j < p.channels) { v[j] = w[(tap * p.rows + p.first + c + j) * 4u * p.k4 + k]; }
  }
  y[i] = v;
}
