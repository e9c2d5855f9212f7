// y_c = exp(x_c - max x) / sum_k exp(x_k - max x) over the channels of a pixel, with MASK
// of x + mask; a channel whose mask is at most -1e30 gets zero.
//
// x, y: [N, H, W, C], channels padded to four; mask: [1, H, W, C], never read without MASK.
// Settable: MASK; ROWS pixels in a workgroup, LANES invocations each (rows.wgsl).
// Shared: 16*ROWS*LANES bytes.

//@use grid.wgsl
//@use channels.wgsl
//@use rows.wgsl

const MASK: bool = false; //@set
const HIDDEN: f32 = -1e30;

struct Params {
  pixels: u32,
  c4: u32,
  channels: u32,
  rows: u32,  // pixels of the mask
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> mask: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

// Vector c of x and of the mask, which begin at vectors first and row.
fn value(first: u32, row: u32, c: u32) -> vec4f {
  if (MASK) { return x[first + c] + max(mask[row + c], vec4f(HIDDEN)); }
  return x[first + c];
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let pixel = linear_group(wid, nwg) * ROWS + lid / LANES;
  let first = min(pixel, p.pixels - 1u) * p.c4;
  let row = min(pixel, p.pixels - 1u) % p.rows * p.c4;
  var top = neutral(MAX);
  for (var c = lid % LANES; c < p.c4; c += LANES) {
    let within = vec4u(c * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.channels);
    top = max(top, select(neutral(MAX), value(first, row, c), within));
  }
  let most = fold_four(MAX, fold_row(MAX, top, lid));
  var sum = vec4f(0.0);
  for (var c = lid % LANES; c < p.c4; c += LANES) {
    sum += keep_channels(exp(value(first, row, c) - most), c * 4u, p.channels);
  }
  let scale = 1.0 / fold_four(SUM, fold_row(SUM, sum, lid));
  if (pixel >= p.pixels) { return; }
  for (var c = lid % LANES; c < p.c4; c += LANES) {
    var w = exp(value(first, row, c) - most) * scale;
    if (MASK) { w = select(w, vec4f(0.0), mask[row + c] <= vec4f(HIDDEN)); }
    y[first + c] = keep_channels(w, c * 4u, p.channels);
  }
}
