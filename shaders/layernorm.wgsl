// y = (x - mean) / sqrt(variance + eps) * gamma + beta over the channels of a
// pixel; the variance is the biased one.
//
// x, y: [N, H, W, C], gamma, beta: [1, 1, 1, C], channels padded to four.
// The pixel's first channel is taken off first, so that a large mean does not
// cost digits. Settable: ROWS pixels in a workgroup, LANES invocations each
// (rows.wgsl). Shared: 16*ROWS*LANES bytes.

//@use grid.wgsl
//@use channels.wgsl
//@use rows.wgsl

struct Params {
  pixels: u32,
  c4: u32,
  channels: u32,
  eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(2) var<storage, read> beta: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let pixel = linear_group(wid, nwg) * ROWS + lid / LANES;
  let first = min(pixel, p.pixels - 1u) * p.c4;
  let pivot = vec4f(x[first].x);
  var sum = vec4f(0.0);
  for (var c = lid % LANES; c < p.c4; c += LANES) {
    sum += keep_channels(x[first + c] - pivot, c * 4u, p.channels);
  }
  let mean = fold_four(SUM, fold_row(SUM, sum, lid)) / f32(p.channels);
  var squares = vec4f(0.0);
  for (var c = lid % LANES; c < p.c4; c += LANES) {
    let d = keep_channels((x[first + c] - pivot) - mean, c * 4u, p.channels);
    squares += d * d;
  }
  let variance = fold_four(SUM, fold_row(SUM, squares, lid)) / f32(p.channels);
  let scale = 1.0 / sqrt(variance + p.eps);
  if (pixel >= p.pixels) { return; }
  for (var c = lid % LANES; c < p.c4; c += LANES) {
    let d = (x[first + c] - pivot) - mean;
    y[first + c] = keep_channels(d * scale * gamma[c] + beta[c], c * 4u, p.channels);
  }
}
