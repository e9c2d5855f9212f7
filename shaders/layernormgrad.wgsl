// Gradient of layer norm: with h = (x - mean) / sqrt(variance + eps) over the
// channels of a pixel and g = dy * gamma,
// dx = (g - mean(g) - h * mean(g * h)) / sqrt(variance + eps), dyh = dy * h.
//
// x, dy, dx, dyh: [N, H, W, C], gamma: [1, 1, 1, C], channels padded to four.
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
@group(0) @binding(2) var<storage, read> dy: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> dyh: array<vec4f>;
@group(0) @binding(5) var<uniform> p: Params;

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
  var gs = vec4f(0.0);
  var gds = vec4f(0.0);
  for (var c = lid % LANES; c < p.c4; c += LANES) {
    let d = keep_channels((x[first + c] - pivot) - mean, c * 4u, p.channels);
    let g = dy[first + c] * gamma[c];
    squares += d * d;
    gs += g;
    gds += g * d;
  }
  let variance = fold_four(SUM, fold_row(SUM, squares, lid)) / f32(p.channels);
  let scale = 1.0 / sqrt(variance + p.eps);
  let g_mean = fold_four(SUM, fold_row(SUM, gs, lid)) / f32(p.channels);
  let gh_mean = scale * fold_four(SUM, fold_row(SUM, gds, lid)) / f32(p.channels);
  if (pixel >= p.pixels) { return; }
  for (var c = lid % LANES; c < p.c4; c += LANES) {
    let h = ((x[first + c] - pivot) - mean) * scale;
    let g = dy[first + c];
    dx[first + c] = keep_channels((g * gamma[c] - g_mean - h * gh_mean) * scale, c * 4u, p.channels);
    dyh[first + c] = keep_channels(g * h, c * 4u, p.channels);
  }
}
