// dx_c = y_c (dy_c - sum_k y_k dy_k) over the channels of a pixel: the gradient of
// softmax, whose result is y.
//
// y, dy, dx: [N, H, W, C], channels padded to four.
// Settable: ROWS pixels in a workgroup, LANES invocations each (rows.wgsl).
// Shared: 16*ROWS*LANES bytes.

//@use grid.wgsl
//@use rows.wgsl

struct Params {
  pixels: u32,
  c4: u32,
}

@group(0) @binding(0) var<storage, read> y: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) nwg: vec3u, @builtin(local_invocation_index) lid: u32) {
  let pixel = linear_group(wid, nwg) * ROWS + lid / LANES;
  let first = min(pixel, p.pixels - 1u) * p.c4;
  var sum = vec4f(0.0);
  for (var c = lid % LANES; c < p.c4; c += LANES) { sum += y[first + c] * dy[first + c]; }
  let mean = fold_four(SUM, fold_row(SUM, sum, lid));
  if (pixel >= p.pixels) { return; }
  for (var c = lid % LANES; c < p.c4; c += LANES) { dx[first + c] = y[first + c] * (dy[first + c] - mean); }
}
