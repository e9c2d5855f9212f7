// y[i, j, k, c] = w[KH-1-i, KW-1-j, first + c, k]: the weight of a convolution as
// its gradient by the input reads it; of a depthwise one y[i, j, 0, c] =
// w[KH-1-i, KW-1-j, 0, c].
//
// w: [KH, KW, rows, K], y: [KH, KW, K padded to four, C], or both [KH, KW, 1, C],
// innermost extents padded to four. Workgroup: 64 invocations, four vectors of y each, one
// of a depthwise weight.

//@use grid.wgsl
//@use channels.wgsl

struct Params {
  items: u32,     // of y, in vectors or fours of them
  c4: u32,
  channels: u32,  // of y
  taps: u32,
  k4: u32,
  rows: u32,      // of w
  first: u32,
  depthwise: u32, // 0 or 1
}

@group(0) @binding(0) var<storage, read> w: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(2) var<uniform> p: Params;

// Vector k of row i of a tap.
fn row(tap: u32, i: u32, k: u32) -> vec4f { return w[(tap * p.rows + min(p.first + i, p.rows - 1u)) * p.k4 + k]; }

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let i = linear_group(wid, nwg) * 64u + lid;
  if (i >= p.items) { return; }
  let c = i % p.c4;
  if (p.depthwise == 1u) {
    y[i] = w[(p.taps - 1u - i / p.c4) * p.c4 + c];
    return;
  }
  let k = i / p.c4 % p.k4;
  let tap = i / p.c4 / p.k4;
  let source = p.taps - 1u - tap;
  let r = mat4x4f(row(source, 4u * c, k), row(source, 4u * c + 1u, k), row(source, 4u * c + 2u, k), row(source, 4u * c + 3u, k));
  let turned = transpose(r);
  let to = (tap * p.k4 + k) * 4u * p.c4 + c;
//@for j 4
  y[to + $ju * p.c4] = keep_channels(turned[$j], 4u * c, p.channels);
//@end
}
